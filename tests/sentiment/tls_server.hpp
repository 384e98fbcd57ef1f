// SPDX-License-Identifier: MIT
#pragma once
// A web server over TLS for tests, on 127.0.0.1, with a certificate of an authority of its own.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace sentiment::test {

template <auto Free>
struct FreeBy {
  template <class Type>
  void operator()(Type* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeBy<X509_free>>;

inline Key new_key() {
  const std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>> context(
      EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr));
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context.get(), NID_X9_62_prime256v1) != 1 ||
      EVP_PKEY_keygen(context.get(), &key) != 1)
    throw std::runtime_error("no key for the test's server");
  return Key(key);
}

/// A certificate for a key, good for a day, signed by another's, or by itself where there is none.
inline Certificate new_certificate(EVP_PKEY* key, const char* name, X509* issuer, EVP_PKEY* issuer_key,
                                   int extension, const char* value) {
  Certificate made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), issuer ? 2 : 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer ? issuer : made.get()));
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer ? issuer : made.get(), made.get(), nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, FreeBy<X509_EXTENSION_free>> added(
      X509V3_EXT_conf_nid(nullptr, &context, extension, value));
  if (!added || X509_add_ext(made.get(), added.get(), -1) != 1 ||
      X509_sign(made.get(), issuer_key ? issuer_key : key, EVP_sha256()) == 0)
    throw std::runtime_error("no certificate for the test's server");
  return made;
}

/// Someone who signs certificates; `file` has its own in PEM, and `folder` has it as OpenSSL looks for it.
class Authority {
 public:
  Authority(const std::filesystem::path& place, const char* name)
      : certificate(
            new_certificate(key.get(), name, nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE")),
        folder(place),
        file(place / "authority.pem") {
    std::filesystem::create_directories(place);
    write(file);
    char hash[16];
    std::snprintf(hash, sizeof hash, "%08lx.0", X509_NAME_hash(X509_get_subject_name(certificate.get())));
    write(place / hash);
  }
  Key key = new_key();
  Certificate certificate;
  std::filesystem::path folder, file;

 private:
  void write(const std::filesystem::path& path) const {
    FILE* out = std::fopen(path.c_str(), "w");
    if (!out || PEM_write_X509(out, certificate.get()) != 1)
      throw std::runtime_error("no file for the certificate");
    std::fclose(out);
  }
};

/// Answers every request, whatever it asks for, with the same bytes.
class TlsServer {
 public:
  TlsServer(const Authority& authority, std::string answer)
      : answer_(std::move(answer)), context_(SSL_CTX_new(TLS_server_method())) {
    std::signal(SIGPIPE, SIG_IGN);  // a client that refuses the certificate hangs up
    const Key key = new_key();
    const Certificate certificate =
        new_certificate(key.get(), "127.0.0.1", authority.certificate.get(), authority.key.get(),
                        NID_subject_alt_name, "IP:127.0.0.1");
    SSL_CTX_use_certificate(context_.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), key.get());
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (socket_ < 0 || ::bind(socket_, generic, size) != 0 || ::listen(socket_, 16) != 0 ||
        ::getsockname(socket_, generic, &size) != 0)
      throw std::runtime_error("no socket for the test's server");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() {
    stopping_ = true;
    thread_.join();
    ::close(socket_);
  }

  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }

 private:
  void serve() {
    while (!stopping_) {
      pollfd waiting{socket_, POLLIN, 0};
      if (::poll(&waiting, 1, 10) <= 0) continue;
      const int connection = ::accept(socket_, nullptr, nullptr);
      if (connection < 0) continue;
      const std::unique_ptr<SSL, FreeBy<SSL_free>> tls(SSL_new(context_.get()));
      SSL_set_fd(tls.get(), connection);
      std::string head;
      char buffer[4096];
      if (SSL_accept(tls.get()) == 1) {
        while (head.find("\r\n\r\n") == std::string::npos) {
          const int count = SSL_read(tls.get(), buffer, sizeof buffer);
          if (count <= 0) break;
          head.append(buffer, static_cast<std::size_t>(count));
        }
        SSL_write(tls.get(), answer_.data(), static_cast<int>(answer_.size()));
        SSL_shutdown(tls.get());
      }
      ERR_clear_error();
      ::close(connection);
    }
  }

  std::string answer_;
  std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>> context_;
  int socket_ = -1, port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace sentiment::test
