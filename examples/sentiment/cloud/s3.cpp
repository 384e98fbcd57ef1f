// SPDX-License-Identifier: MIT
#include "sentiment/cloud/s3.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lstmlib/io/file.hpp"
#include "sentiment/cloud/interrupt.hpp"
#include "sentiment/cloud/names.hpp"
#include "sentiment/cloud/xml_answer.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>

namespace sentiment::cloud {
namespace {

namespace fs = std::filesystem;
using lstmlib::Error;
using lstmlib::fail;
using lstmlib::FileError;
using lstmlib::message;

/// Reads exactly these bytes of a file.
std::string read_part(int file, const fs::path& name, std::uint64_t begin, std::uint64_t count) {
  std::string bytes(static_cast<std::size_t>(count), '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got =
        ::pread(file, bytes.data() + done, bytes.size() - done, static_cast<off_t>(begin + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) lstmlib::io::detail::fail_file(name, errno);
    if (got == 0) fail<FileError>(name.string(), ": became shorter while it was sent");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

S3Uri S3Uri::parse(const std::string& uri) {
  constexpr std::string_view scheme = "s3://";
  if (!uri.starts_with(scheme))
    fail<Error>("'", one_line(uri), "' is not an S3 address, expected s3://BUCKET/KEY");
  const std::string rest = uri.substr(scheme.size());
  const auto slash = (std::min)(rest.find('/'), rest.size());
  S3Uri made{rest.substr(0, slash), slash < rest.size() ? rest.substr(slash + 1) : ""};
  // The bucket becomes part of a host name.
  if (const std::string wrong = fault_of_bucket(made.bucket); !wrong.empty())
    fail<Error>("'", one_line(uri), "': ", wrong);
  return made;
}

S3Uri S3Uri::below(const std::string& name) const {
  const bool joined = key.empty() || key.ends_with('/');
  return {bucket, key + (joined ? "" : "/") + name};
}

Request S3::request(const char* method, const S3Uri& object) const {
  // The bucket goes into the host name, unless the address was given or the name has a dot, which
  // certificates do not cover.
  const bool in_path =
      service_.session().overridden(s3_service) || object.bucket.find('.') != std::string::npos;
  Request made{.method = method,
               .address = service_.session().address(s3_service, in_path ? "" : object.bucket)};
  made.path = (in_path ? "/" + object.bucket : "") + (in_path && object.key.empty() ? "" : "/" + object.key);
  return made;
}

void S3::put_file(const fs::path& file, const S3Uri& to, const Progress& progress) {
  const lstmlib::io::detail::Descriptor open(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about = {};
  if (open.get() < 0 || ::fstat(open.get(), &about) != 0) lstmlib::io::detail::fail_file(file, errno);
  if (!S_ISREG(about.st_mode)) fail<FileError>(file.string(), ": is not a regular file");
  const auto size = static_cast<std::uint64_t>(about.st_size);
  if (size >= part_bytes) return put_parts(open.get(), file, size, to, progress);
  Request put = request("PUT", to);
  put.body = read_part(open.get(), file, 0, size);
  Exchange exchange;
  if (progress) exchange.progress = [&](std::uint64_t sent, auto, auto) { progress(sent, size); };
  service_.send(to.text(), put, exchange);
}

void S3::put_parts(int file, const fs::path& name, std::uint64_t size, const S3Uri& to,
                   const Progress& progress) {
  constexpr std::uint64_t max_parts = 10'000;  // limit of S3
  const std::uint64_t step = (std::max)(part_bytes, (size + max_parts - 1) / max_parts);
  Request begin = request("POST", to);
  begin.query = {{"uploads", ""}};
  const auto begun = parse_xml(service_.send(to.text(), begin).body);
  const std::string upload = begun ? begun->text("UploadId") : "";
  if (upload.empty()) fail<Error>(to.text(), ": the response that begins a multipart upload has no UploadId");
  try {
    std::vector<std::string> tags;
    for (std::uint64_t done = 0; done < size; done += step) {
      Request part = request("PUT", to);
      part.query = {{"partNumber", std::to_string(tags.size() + 1)}, {"uploadId", upload}};
      part.body = read_part(file, name, done, (std::min)(step, size - done));
      Exchange exchange;
      if (progress)
        exchange.progress = [&, done](std::uint64_t sent, auto, auto) { progress(done + sent, size); };
      const Answer answer = service_.send(to.text(), part, exchange);
      tags.push_back(answer.header("etag"));
      if (tags.back().empty()) fail<Error>(to.text(), ": the response to part ", tags.size(), " has no ETag");
    }
    complete(to, upload, tags);
  } catch (...) {
    const PutInOrder also_after_an_interrupt;
    Request abort = request("DELETE", to);
    abort.query = {{"uploadId", upload}};
    try {
      service_.send(to.text(), abort);
    } catch (const std::exception&) {  // report the first error
    }
    throw;
  }
}

void S3::complete(const S3Uri& to, const std::string& upload, const std::vector<std::string>& tags) {
  Request end = request("POST", to);
  end.query = {{"uploadId", upload}};
  end.headers["content-type"] = "application/xml";
  end.body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < tags.size(); ++i)
    end.body +=
        message("<Part><PartNumber>", i + 1, "</PartNumber><ETag>", xml_escaped(tags[i]), "</ETag></Part>");
  end.body += "</CompleteMultipartUpload>";
  service_.repeat([&] {
    // S3 may send status 200 before it knows whether joining the parts succeeds.
    const Answer answer = service_.send(to.text(), end);
    const auto xml = parse_xml(answer.body);
    if (xml && xml->root == "CompleteMultipartUploadResult") return;
    const ErrorText error = read_error(answer);
    const bool passing =
        error.code == "InternalError" || error.code == "ServiceUnavailable" || error.code == "SlowDown";
    const std::string reason =
        error.code.empty() ? "the parts were not combined" : error.code + ": " + error.text;
    const std::string text = service_.session().current().hide(to.text() + ": " + reason + " (status 200)");
    throw ServiceError(one_line(text), passing, answer.status, error.code);
  });
}

void S3::get_file(const S3Uri& from, const fs::path& file, std::uint64_t max_bytes,
                  const Progress& progress) {
  service_.repeat([&] {
    lstmlib::io::AtomicFile out(file);  // new for each attempt, so that versions do not mix
    std::uint64_t received = 0;
    Exchange exchange;
    exchange.take = [&](std::string_view bytes) {
      received += bytes.size();
      if (received > max_bytes)
        fail<lstmlib::FormatError>(from.text(), ": has more than ", max_bytes, " bytes");
      out.write(bytes);
    };
    if (progress)
      exchange.progress = [&](auto, std::uint64_t done, std::uint64_t total) { progress(done, total); };
    const Answer answer = service_.send_once(from.text(), request("GET", from), exchange);
    const auto announced = number(answer.header("content-length"));
    if (!announced) throw ConnectionError(from.text() + ": the response does not say how long it is", false);
    if (*announced != received)
      throw ConnectionError(message(from.text(), ": ", received, " of ", *announced, " bytes arrived"), true);
    out.commit();
  });
}

void S3::ensure_bucket(const std::string& bucket) {
  const S3Uri uri{bucket, ""};
  try {
    service_.send(uri.text(), request("HEAD", uri));
    return;
  } catch (const ServiceError& error) {
    if (error.status != 404) throw;
  }
  const std::string& region = service_.session().region;
  Request make = request("PUT", uri);
  if (region != "us-east-1") {
    make.headers["content-type"] = "application/xml";
    make.body =
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>" +
        region + "</LocationConstraint></CreateBucketConfiguration>";
  }
  try {
    service_.send(uri.text(), make);
  } catch (const ServiceError& error) {
    if (error.code != "BucketAlreadyOwnedByYou") throw;  // another run was faster
  }
}

}  // namespace sentiment::cloud
