// SPDX-License-Identifier: MIT
// RFC 9112 (HTTP/1.1) and RFC 9110 (HTTP semantics), requirement by requirement: what is sent, and what must come.
#include "http_client.hpp"
#include "lstmlib/serve/job.hpp"
#include "lstmlib/serve/server.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace lstmlib;
using namespace std::chrono_literals;
using test::HttpReply;
using test::NoReply;
using test::WireClient;

namespace {

/// Answers with the body that it got.
class EchoJob final : public serve::Job {
 public:
  void read() override { text_ = request.body; }
  std::size_t rows() const override { return 1; }
  std::size_t cost(std::size_t) const override { return 1; }
  const void* group() const override { return this; }
  void compute(std::span<const serve::Part>) const override {}
  serve::Content write() override { return {"text/plain", text_}; }
  std::size_t bytes() const override { return text_.size(); }

 private:
  std::string text_;
};

constexpr std::string_view types[] = {"text/plain", "application/json"};

/// GET /ping and POST /echo.
class EchoServer {
 public:
  explicit EchoServer(serve::ServerOptions options = {}) {
    options.port = 0;
    options.max_body_bytes = std::min<std::size_t>(options.max_body_bytes, 1 << 20);
    server_ = serve::make_server<>(options);
    server_->get("/long", [](const serve::Request&) {
      return serve::Response{200, {"text/plain", std::string(3 << 20, 'x')}, {}};
    });
    server_->post("/echo", {[] { return std::make_shared<EchoJob>(); }, types, types, {}});
    server_->ready();
    thread_ = std::thread([this] { server_->run(); });
  }
  ~EchoServer() {
    server_->stop();
    thread_.join();
  }
  std::uint16_t port() const { return server_->port(); }
  double held() const {
    const std::string text = server_->metrics();
    return std::stod(text.substr(text.find("\nlstmlib_serve_held_bytes ") + 26));
  }

 private:
  std::unique_ptr<serve::Server> server_;
  std::thread thread_;
};

/// What follows an answer.
enum class Then { open, closed };

struct Rule {
  const char* section;
  const char* requirement;
  std::string sent;
  int status;
  Then then;
  std::string body = "*";  ///< of the answer; "*": any
};

std::string post(const std::string& fields, const std::string& body = {}) {
  return "POST /echo HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}
std::string get(const std::string& line, const std::string& fields = "Host: a\r\n") {
  return line + "\r\n" + fields + "\r\n";
}
std::string chunked(const std::string& chunks, const std::string& fields = {}) {
  return post("Transfer-Encoding: chunked\r\n" + fields, chunks);
}

void check(const EchoServer& server, const Rule& rule) {
  CAPTURE(rule.section);
  CAPTURE(rule.requirement);
  CAPTURE(rule.sent.substr(0, 300));
  WireClient client(server.port(), 10);
  client.send(rule.sent);
  HttpReply reply;
  try {
    reply = client.reply(rule.sent.starts_with("HEAD"));
  } catch (const NoReply& error) {
    CHECK_MESSAGE(false, error.what());
    return;
  }
  CHECK(reply.status == rule.status);
  if (rule.body != "*") CHECK(reply.body == rule.body);
  if (rule.then == Then::closed) {
    CHECK(reply.fields["connection"] == "close");
    CHECK(client.closed());
  } else {
    CHECK(client.ask("GET", "/ping").status == 200);
  }
}

const std::vector<Rule> rules{
    // The request line
    {"9112 2.2", "at least one empty line before the request line is ignored",
     "\r\n" + get("GET /ping HTTP/1.1"), 200, Then::open},
    {"9112 2.2", "a bare CR in the request line is invalid", "GET /ping\rX HTTP/1.1\r\nHost: a\r\n\r\n", 400,
     Then::closed},
    {"9112 2.2", "a line that ends with LF alone is refused at once", "GET /ping HTTP/1.1\n", 400,
     Then::closed},
    {"9112 2.2", "no blanks between the request line and the first field",
     "GET /ping HTTP/1.1\r\n Host: a\r\n\r\n", 400, Then::closed},
    {"9112 2.3", "HTTP/1.0 is answered", get("GET /ping HTTP/1.0", ""), 200, Then::closed},
    {"9110 2.5", "a higher minor version is treated as 1.1", get("GET /ping HTTP/1.2"), 200, Then::open},
    {"9110 15.6.6", "another major version is 505", get("GET /ping HTTP/2.0"), 505, Then::closed},
    {"9110 15.6.6", "so is HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, Then::closed},
    {"9112 2.3", "the name of the protocol is case-sensitive", get("GET /ping http/1.1"), 400, Then::closed},
    {"9112 2.3", "a version is one digit, a dot, one digit", get("GET /ping HTTP/1.10"), 400, Then::closed},
    {"9112 3", "a request line without a version", "GET /ping\r\n\r\n", 400, Then::closed},
    {"9112 3", "two spaces between the parts", get("GET  /ping HTTP/1.1"), 400, Then::closed},
    {"9112 3", "a tab between the parts", get("GET\t/ping HTTP/1.1"), 400, Then::closed},
    {"9112 3", "a space before the method", get(" GET /ping HTTP/1.1"), 400, Then::closed},
    {"9112 3", "a space behind the version", get("GET /ping HTTP/1.1 "), 400, Then::closed},
    {"9112 3", "blanks in the target", get("GET /pi ng HTTP/1.1"), 400, Then::closed},
    {"9112 3", "a target above the limit is 414", get("GET /" + std::string(20000, 'a') + " HTTP/1.1"), 414,
     Then::closed},
    {"9112 3", "so is one whose end never comes", "GET /" + std::string(20000, 'a'), 414, Then::closed},
    {"9112 3", "request lines of 8,000 bytes are taken",
     get("GET /ping?" + std::string(8000, 'a') + " HTTP/1.1"), 200, Then::open},
    {"9112 3", "a method longer than any is 501", std::string(20000, 'A'), 501, Then::closed},
    {"9112 3", "what cannot be HTTP is refused at its first byte", std::string("\x16\x03\x01\x02", 4), 400,
     Then::closed},
    {"9110 9.1", "unknown method is 501", get("BREW /ping HTTP/1.1"), 501, Then::open},
    {"9110 9.1", "methods are case-sensitive", get("get /ping HTTP/1.1"), 501, Then::open},
    {"9110 5.6.2", "a method is a token", get("G(T /ping HTTP/1.1"), 400, Then::closed},
    {"9110 15.5.6", "a method that the path does not have is 405", get("DELETE /ping HTTP/1.1"), 405,
     Then::open},
    {"9110 9.3.8", "TRACE is not allowed", get("TRACE /ping HTTP/1.1"), 405, Then::open},
    {"9110 9.3.6", "CONNECT is not for origin servers", get("CONNECT a:80 HTTP/1.1"), 501, Then::closed},
    // Targets
    {"9112 3.2.1", "origin form with a query", get("GET /ping?a=b/c?d HTTP/1.1"), 200, Then::open},
    {"9112 3.2.2", "absolute form is taken", get("GET http://elsewhere:81/ping HTTP/1.1"), 200, Then::open},
    {"9112 3.2.2", "schemes are not case-sensitive", get("GET HTTP://a/ping HTTP/1.1"), 200, Then::open},
    {"9112 3.2.2", "absolute form without a path is /", get("GET http://a HTTP/1.1"), 404, Then::open},
    {"9110 4.2.1", "an address without a host is refused", get("GET http:///ping HTTP/1.1"), 400,
     Then::closed},
    {"9110 4.2.4", "user information is refused", get("GET http://u@a/ping HTTP/1.1"), 400, Then::closed},
    {"9112 3.2.2", "other schemes are not served", get("GET ftp://a/ping HTTP/1.1"), 400, Then::closed},
    {"9112 3.2.3", "authority form is CONNECT's alone", get("GET a:80 HTTP/1.1"), 400, Then::closed},
    {"9112 3.2.4", "OPTIONS * is of the server", get("OPTIONS * HTTP/1.1"), 204, Then::open},
    {"9112 3.2.4", "so is an absolute form without a path", get("OPTIONS http://a HTTP/1.1"), 204,
     Then::open},
    {"9112 3.2.4", "* is OPTIONS' alone", get("GET * HTTP/1.1"), 400, Then::closed},
    {"9110 9.3.7", "OPTIONS of a path", get("OPTIONS /echo HTTP/1.1"), 204, Then::open},
    {"9110 9.3.7", "OPTIONS of no path", get("OPTIONS /nothing HTTP/1.1"), 404, Then::open},
    {"9112 3.2", "a fragment is no part of a target", get("GET /ping#a HTTP/1.1"), 400, Then::closed},
    {"3986 2.1", "bytes that are no ASCII must be escaped", get("GET /p\xC3\xA9 HTTP/1.1"), 400,
     Then::closed},
    {"3986 6.2.2.2", "escapes of plain characters mean the same", get("GET /%70in%67 HTTP/1.1"), 200,
     Then::open},
    {"3986 2.1", "% must be %XX", get("GET /ping%7 HTTP/1.1"), 400, Then::closed},
    {"3986 2.1", "a zero byte in a target", get(std::string("GET /pi\0ng HTTP/1.1", 19)), 400, Then::closed},
    // Fields
    {"9112 5.1", "no blank between name and colon", get("GET /ping HTTP/1.1", "Host : a\r\n"), 400,
     Then::closed},
    {"9110 5.1", "names are not case-sensitive", get("GET /ping HTTP/1.1", "hOST: a\r\n"), 200, Then::open},
    {"9112 5", "blanks around a value are not part of it", get("GET /ping HTTP/1.1", "Host: \t a \t\r\n"),
     200, Then::open},
    {"9112 5", "no blanks are needed", get("GET /ping HTTP/1.1", "Host:a\r\n"), 200, Then::open},
    {"9112 5", "a line without a colon", get("GET /ping HTTP/1.1", "Host: a\r\nNonsense\r\n"), 400,
     Then::closed},
    {"9110 5.6.2", "an empty name", get("GET /ping HTTP/1.1", "Host: a\r\n: b\r\n"), 400, Then::closed},
    {"9110 5.6.2", "a name that is no token", get("GET /ping HTTP/1.1", "Host: a\r\nX(Y): b\r\n"), 400,
     Then::closed},
    {"9110 5.6.2", "a name with a byte above 127", get("GET /ping HTTP/1.1", "Host: a\r\nX\xC3: b\r\n"), 400,
     Then::closed},
    {"9110 5.6.2", "all characters of tokens are taken",
     get("GET /ping HTTP/1.1", "Host: a\r\n!#$%&'*+-.^_`|~09azAZ: b\r\n"), 200, Then::open},
    {"9110 5.5", "an empty value", get("GET /ping HTTP/1.1", "Host: a\r\nX:\r\nY: \r\n"), 200, Then::open},
    {"9110 5.5", "bytes above 127 in a value", get("GET /ping HTTP/1.1", "Host: a\r\nX: \xC3\xA9\r\n"), 200,
     Then::open},
    {"9110 5.5", "a zero byte in a value",
     get("GET /ping HTTP/1.1", std::string("Host: a\r\nX: a\0b\r\n", 17)), 400, Then::closed},
    {"9110 5.5", "a bare CR in a value", get("GET /ping HTTP/1.1", "Host: a\r\nX: a\rb\r\n"), 400,
     Then::closed},
    {"9112 2.2", "a field that ends with LF alone", get("GET /ping HTTP/1.1", "Host: a\n"), 400,
     Then::closed},
    {"9112 5.2", "a folded line", get("GET /ping HTTP/1.1", "Host: a\r\nX: b\r\n c\r\n"), 400, Then::closed},
    {"9112 5.2", "a folded line with a tab", get("GET /ping HTTP/1.1", "Host: a\r\nX: b\r\n\tc\r\n"), 400,
     Then::closed},
    {"6585 5", "fields above the limit are 431",
     get("GET /ping HTTP/1.1", "Host: a\r\nX: " + std::string(70000, 'a') + "\r\n"), 431, Then::closed},
    {"6585 5", "so are many small ones",
     get(
         "GET /ping HTTP/1.1", "Host: a\r\n" +
                                   [] {
                                     std::string all;
                                     for (int i = 0; i < 20000; ++i) all += "X: a\r\n";
                                     return all;
                                   }()),
     431, Then::closed},
    // Host
    {"9112 3.2", "no Host", get("GET /ping HTTP/1.1", ""), 400, Then::closed},
    {"9112 3.2", "two", get("GET /ping HTTP/1.1", "Host: a\r\nHost: a\r\n"), 400, Then::closed},
    {"9112 3.2", "two in HTTP/1.0", get("GET /ping HTTP/1.0", "Host: a\r\nHost: b\r\n"), 400, Then::closed},
    {"9112 3.2", "also beside an absolute form", get("GET http://a/ping HTTP/1.1", ""), 400, Then::closed},
    {"9112 3.2", "an empty one is valid", get("GET /ping HTTP/1.1", "Host:\r\n"), 200, Then::open},
    {"9112 3.2", "with a port", get("GET /ping HTTP/1.1", "Host: a.b-c:8080\r\n"), 200, Then::open},
    {"9112 3.2", "an IPv6 address", get("GET /ping HTTP/1.1", "Host: [::1]:80\r\n"), 200, Then::open},
    {"9112 3.2", "an address that does not end", get("GET /ping HTTP/1.1", "Host: [::1\r\n"), 400,
     Then::closed},
    {"9112 3.2", "no host at all", get("GET /ping HTTP/1.1", "Host: a b\r\n"), 400, Then::closed},
    {"9112 3.2", "a path", get("GET /ping HTTP/1.1", "Host: a/b\r\n"), 400, Then::closed},
    {"9112 3.2", "user information", get("GET /ping HTTP/1.1", "Host: u@a\r\n"), 400, Then::closed},
    {"9112 3.2", "a port that is no number", get("GET /ping HTTP/1.1", "Host: a:8x\r\n"), 400, Then::closed},
    // Content-Length
    {"9112 6.2", "the length is that of the body", post("Content-Length: 2\r\n", "ab"), 200, Then::open,
     "ab"},
    {"9112 6.3", "without one there is no body", post(""), 200, Then::open, ""},
    {"9112 6.3", "0", post("Content-Length: 0\r\n"), 200, Then::open, ""},
    {"9110 8.6", "leading zeros are digits", post("Content-Length: 0002\r\n", "ab"), 200, Then::open, "ab"},
    {"9112 6.3", "a body of GET is read and dropped",
     get("GET /ping HTTP/1.1", "Host: a\r\nContent-Length: 3\r\n") + "abc", 200, Then::open},
    {"9112 6.3", "a sign", post("Content-Length: +2\r\n", "ab"), 400, Then::closed},
    {"9112 6.3", "another one", post("Content-Length: -2\r\n", "ab"), 400, Then::closed},
    {"9112 6.3", "hexadecimal", post("Content-Length: 0x2\r\n", "ab"), 400, Then::closed},
    {"9112 6.3", "a fraction", post("Content-Length: 2.0\r\n", "ab"), 400, Then::closed},
    {"9112 6.3", "two numbers", post("Content-Length: 2 2\r\n", "ab"), 400, Then::closed},
    {"9112 6.3", "nothing", post("Content-Length:\r\n", "ab"), 400, Then::closed},
    {"9112 6.3", "a list of equal ones", post("Content-Length: 2, 2\r\n", "ab"), 400, Then::closed},
    {"9112 6.3", "two equal lines", post("Content-Length: 2\r\nContent-Length: 2\r\n", "ab"), 400,
     Then::closed},
    {"9112 6.3", "two different lines", post("Content-Length: 2\r\nContent-Length: 3\r\n", "abc"), 400,
     Then::closed},
    {"9110 8.6", "a number that overflows 64 bits", post("Content-Length: 18446744073709551618\r\n", "ab"),
     413, Then::closed},
    {"9110 15.5.14", "more than is taken", post("Content-Length: 1048577\r\n"), 413, Then::closed},
    // Transfer-Encoding
    {"9112 7.1", "chunks", chunked("2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"), 200, Then::open, "abc"},
    {"9112 7.1", "sizes are hexadecimal, of any case",
     chunked("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), 200, Then::open, "01234567890123456789"},
    {"9112 7.1", "and may have zeros before", chunked("00000000000000000002\r\nab\r\n000\r\n\r\n"), 200,
     Then::open, "ab"},
    {"9112 7", "names of codings are not case-sensitive", post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"),
     200, Then::open, ""},
    {"9110 5.6.1", "empty elements of a list are passed over",
     post("Transfer-Encoding: , chunked,\r\n", "0\r\n\r\n"), 200, Then::open, ""},
    {"9112 6.1", "Content-Length beside it",
     post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400, Then::closed},
    {"9112 6.1", "in the other order",
     post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400, Then::closed},
    {"9112 6.1", "a coding that nobody here knows is 501",
     post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501, Then::closed},
    {"9112 6.1", "in two lines",
     post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 501, Then::closed},
    {"9112 6.3", "chunked is not the last", post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"), 400,
     Then::closed},
    {"9112 6.3", "not there at all", post("Transfer-Encoding: gzip\r\n"), 400, Then::closed},
    {"9112 6.3", "identity is no coding any more", post("Transfer-Encoding: identity\r\n"), 400,
     Then::closed},
    {"9112 6.3", "nothing", post("Transfer-Encoding:\r\n"), 400, Then::closed},
    {"9112 6.1", "chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 400,
     Then::closed},
    {"9112 7.1", "chunked has no parameters", post("Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n"), 400,
     Then::closed},
    {"9112 6.1", "nearly chunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400, Then::closed},
    {"9112 6.1", "in quotes", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 400, Then::closed},
    {"9110 5.5", "behind a vertical tab", post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"), 400,
     Then::closed},
    {"9112 5.1", "with a blank before the colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400,
     Then::closed},
    {"9112 6.1", "in HTTP/1.0 the framing is faulty",
     "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, Then::closed},
    // Chunks
    {"9112 7.1", "no size", chunked("\r\nab\r\n"), 400, Then::closed},
    {"9112 7.1", "a size that is no number", chunked("xyz\r\n"), 400, Then::closed},
    {"9112 7.1", "0x", chunked("0x2\r\nab\r\n0\r\n\r\n"), 400, Then::closed},
    {"9112 7.1", "a sign", chunked("+2\r\nab\r\n0\r\n\r\n"), 400, Then::closed},
    {"9112 7.1", "a blank before", chunked(" 2\r\nab\r\n0\r\n\r\n"), 400, Then::closed},
    {"9112 7.1", "a size that overflows", chunked("10000000000000002\r\nab\r\n0\r\n\r\n"), 413, Then::closed},
    {"9110 15.5.14", "more than is taken", chunked("100001\r\n"), 413, Then::closed},
    {"9112 7.1", "a size line that ends with LF alone is answered at once", chunked("2\n"), 400,
     Then::closed},
    {"9112 7.1", "data that go on behind their size", chunked("2\r\nabc"), 400, Then::closed},
    {"9112 7.1", "data that end with LF alone, at once", chunked("2\r\nab\n"), 400, Then::closed},
    {"9112 7.1", "data that end with CR and something else", chunked("2\r\nab\rx"), 400, Then::closed},
    {"9112 7.1.1", "extensions are passed over",
     chunked("2;a;b=c;d=\"e;\\\"f\" ; g = h\r\nab\r\n0;x\r\n\r\n"), 200, Then::open, "ab"},
    {"9112 7.1.1", "an extension without a name", chunked("2;\r\nab\r\n0\r\n\r\n"), 400, Then::closed},
    {"9112 7.1.1", "one whose quotes do not end", chunked("2;a=\"b\r\nab\r\n0\r\n\r\n"), 400, Then::closed},
    {"9112 7.1.1", "a bare CR in one", chunked("2;a\rb\r\nab\r\n0\r\n\r\n"), 400, Then::closed},
    {"9112 7.1.1", "blanks without an extension", chunked("2 \r\nab\r\n0\r\n\r\n"), 400, Then::closed},
    {"9112 7.1.1", "their length is bounded", chunked("2;a=" + std::string(5000, 'b')), 400, Then::closed},
    {"9112 7.1.1", "their sum, too", chunked([] {
       std::string all;
       for (int i = 0; i < 30; ++i) all += "1;a=" + std::string(4000, 'b') + "\r\nc\r\n";
       return all;
     }()),
     400, Then::closed},
    {"9112 7.1.2", "trailers are passed over",
     chunked("2\r\nab\r\n0\r\nX: y\r\nContent-Length: 7\r\nHost: b\r\n\r\n"), 200, Then::open, "ab"},
    {"9112 7.1.2", "but must be fields", chunked("0\r\nnonsense\r\n\r\n"), 400, Then::closed},
    {"9112 7.1.2", "not folded", chunked("0\r\nX: y\r\n z\r\n\r\n"), 400, Then::closed},
    {"9112 7.1.2", "nor ended by LF", chunked("0\r\n\n"), 400, Then::closed},
    {"6585 5", "and bounded", chunked("0\r\nX: " + std::string(70000, 'a')), 431, Then::closed},
    // Smuggling: what another server could read in another way
    {"9112 11.2", "a second request in a body is a body",
     post("Content-Length: 34\r\n", "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n..."), 200, Then::open,
     "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n..."},
    {"9112 11.2", "CL.TE", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG"), 400,
     Then::closed},
    {"9112 11.2", "TE.TE, hidden",
     post("Transfer-Encoding: chunked\r\nTransfer-encoding: x\r\n", "0\r\n\r\n"), 400, Then::closed},
    {"9112 11.2", "a name with a line end in it", post("X\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400,
     Then::closed},
    {"9112 11.2", "a field's line that ends with LF and a length", post("X: y\nContent-Length: 2\r\n", "ab"),
     400, Then::closed},
    // Expectations
    {"9110 10.1.1", "an unknown one is 417", post("Expect: magic\r\nContent-Length: 2\r\n", "ab"), 417,
     Then::closed},
    {"9110 10.1.1", "HTTP/1.0 has none",
     "POST /echo HTTP/1.0\r\nExpect: magic\r\nContent-Length: 2\r\n\r\nab", 200, Then::closed, "ab"},
    {"9110 10.1.1", "100 is not sent where the answer is known",
     "POST /nothing HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
     "Content-Length: 2\r\n\r\n",
     404, Then::closed},
    {"9110 10.1.1", "nor where the type is not taken",
     post("Expect: 100-continue\r\nContent-Type: image/png\r\nContent-Length: 2\r\n"), 415, Then::closed},
    {"9110 10.1.1", "nor where the body is too large",
     post("Expect: 100-continue\r\nContent-Length: 99999999\r\n"), 413, Then::closed},
    {"9110 10.1.1", "without a body nothing is expected", post("Expect: 100-continue\r\n"), 200, Then::open,
     ""},
    // Connections
    {"9112 9.3", "HTTP/1.1 goes on", get("GET /ping HTTP/1.1"), 200, Then::open},
    {"9112 9.6", "until close", get("GET /ping HTTP/1.1", "Host: a\r\nConnection: close\r\n"), 200,
     Then::closed},
    {"9110 7.6.1", "options are not case-sensitive, and a list",
     get("GET /ping HTTP/1.1", "Host: a\r\nConnection: x, CLOSE\r\n"), 200, Then::closed},
    {"9110 7.6.1", "in several lines",
     get("GET /ping HTTP/1.1", "Host: a\r\nConnection: x\r\nConnection: close\r\n"), 200, Then::closed},
    {"9112 9.3", "close beats keep-alive",
     get("GET /ping HTTP/1.1", "Host: a\r\nConnection: keep-alive, close\r\n"), 200, Then::closed},
    {"9112 9.3", "HTTP/1.0 with keep-alive goes on", get("GET /ping HTTP/1.0", "Connection: Keep-Alive\r\n"),
     200, Then::open},
    {"9110 7.8", "an upgrade is passed over",
     get("GET /ping HTTP/1.1",
         "Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
         "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
     200, Then::open},
    // Contents
    {"9110 8.3", "more than one Content-Type",
     post("Content-Type: text/plain\r\nContent-Type: text/csv\r\nContent-Length: 2\r\n", "ab"), 400,
     Then::closed},
    {"9110 15.5.16", "a type that is not taken",
     post("Content-Type: image/png\r\nContent-Length: 2\r\n", "ab"), 415, Then::open},
    {"9110 8.3.1", "parameters and case of a type do not matter",
     post("Content-Type: TEXT/Plain; charset=utf-8\r\nContent-Length: 2\r\n", "ab"), 200, Then::open, "ab"},
    {"9110 8.3.2", "UTF-8 and its subset may be named",
     post("Content-Type: text/plain; charset=\"US-ASCII\"\r\nContent-Length: 2\r\n", "ab"), 200, Then::open,
     "ab"},
    {"9110 8.3.2", "another encoding is 415",
     post("Content-Type: text/plain; charset=iso-8859-1\r\nContent-Length: 2\r\n", "ab"), 415, Then::open},
    {"9110 8.4", "a coding that is not known is 415",
     post("Content-Encoding: br\r\nContent-Length: 2\r\n", "ab"), 415, Then::open},
    {"9110 8.4", "identity is none", post("Content-Encoding: identity\r\nContent-Length: 2\r\n", "ab"), 200,
     Then::open, "ab"},
    {"9110 15.5.7", "an answer that is not acceptable",
     post("Accept: image/png\r\nContent-Length: 2\r\n", "ab"), 406, Then::open},
};

}  // namespace

TEST_CASE("rules: RFC 9112 and 9110, what must be taken and what must be refused") {
  const EchoServer server;
  for (const Rule& rule : rules) check(server, rule);
  for (int i = 0; i < 1000 && server.held() > 0; ++i) std::this_thread::sleep_for(5ms);
  CHECK(server.held() == 0);
}

TEST_CASE("rules: the same, byte by byte") {
  const EchoServer server;
  for (const Rule& rule : rules) {
    if (rule.sent.size() > 300) continue;
    CAPTURE(rule.section);
    CAPTURE(rule.requirement);
    CAPTURE(rule.sent);
    WireClient client(server.port(), 10);
    try {
      for (const char c : rule.sent) client.send({&c, 1});
    } catch (const NoReply&) {}  // answered before its end, and closed
    try {
      CHECK(client.reply(rule.sent.starts_with("HEAD")).status == rule.status);
    } catch (const NoReply&) {
      CHECK(rule.then == Then::closed);  // reset by what came behind the answer
    }
  }
}

TEST_CASE(
    "rules: 9110 9.3.2, the answer to HEAD is that to GET without its body, and the connection goes on") {
  const EchoServer server;
  WireClient client(server.port());
  const HttpReply got = client.ask("GET", "/long"), head = client.ask("HEAD", "/long");
  CHECK(head.status == 200);
  CHECK(head.fields.at("content-length") == std::to_string(got.body.size()));
  CHECK(client.ask("HEAD", "/echo").status == 405);
  CHECK(client.ask("POST", "/echo", {}, "ab").body == "ab");
}

TEST_CASE("rules: 9110 6.6.1, 8.6, 15.5.6, 15.5.16: Date, no length of 204, Allow, what would be taken") {
  const EchoServer server;
  WireClient client(server.port());
  for (const char* path : {"/ping", "/nothing"}) {
    const std::string date = client.ask("GET", path).fields.at("date");
    std::tm read{};
    CHECK(strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &read) == date.c_str() + 29);
    CHECK(std::abs(timegm(&read) - std::time(nullptr)) < 60);
  }
  HttpReply reply = client.ask("OPTIONS", "/echo");
  CHECK_FALSE(reply.fields.contains("content-length"));
  CHECK(reply.fields.at("allow") == "OPTIONS, POST");
  CHECK(client.ask("OPTIONS", "*").fields.at("allow") == "GET, HEAD, OPTIONS, POST");
  CHECK(client.ask("PUT", "/ping", {}, "x").fields.at("allow") == "GET, HEAD, OPTIONS");
  CHECK(client.ask("POST", "/echo", {{"Content-Encoding", "br"}}, "x").fields.at("accept-encoding") ==
        "gzip, deflate");
  CHECK(client.ask("POST", "/echo", {{"Content-Type", "image/png"}}, "x").fields.at("accept") ==
        "text/plain, application/json");
}

TEST_CASE("rules: 9112 9.3.2, pipelined requests are answered in order, however they are cut") {
  const EchoServer server;
  std::string all;
  for (int i = 0; i < 40; ++i)
    all += i % 3 == 0   ? get("GET /ping HTTP/1.1")
           : i % 3 == 1 ? post("Content-Length: 2\r\n", std::to_string(10 + i))
                        : chunked("2\r\n" + std::to_string(10 + i) + "\r\n0\r\n\r\n");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100}, all.size()}) {
    WireClient client(server.port());
    for (std::size_t at = 0; at < all.size(); at += piece)
      client.send(std::string_view(all).substr(at, piece));
    for (int i = 0; i < 40; ++i) CHECK(client.reply().body == (i % 3 == 0 ? "" : std::to_string(10 + i)));
  }
}

TEST_CASE("rules: 9110 10.1.1, 100 is sent once the body is waited for") {
  const EchoServer server;
  WireClient client(server.port());
  client.send(post("Expect: 100-Continue\r\nContent-Length: 2\r\n"));
  CHECK(client.reply(false, true).status == 100);
  client.send("ab");
  CHECK(client.reply().body == "ab");
  client.send(post("Expect: 100-continue\r\nContent-Length: 2\r\n", "cd"));  // it does not wait
  CHECK(client.reply(false, true).body == "cd");
}

namespace {

/// Sends `begin` and then `more` for ever. Answer and the bytes that the server took until it came.
std::pair<int, std::size_t> flood(const EchoServer& server, const std::string& begin,
                                  const std::string& more) {
  WireClient client(server.port(), 10);
  std::size_t sent = begin.size();
  try {
    client.send(begin);
    for (; sent < (std::size_t{1} << 30); sent += more.size()) client.send(more);
  } catch (const NoReply&) {}
  try {
    return {client.reply().status, sent};
  } catch (const NoReply&) { return {0, sent}; }  // reset: the answer was lost
}

}  // namespace

TEST_CASE(
    "rules: whatever part of a message goes on for ever, it is refused early, and nothing of it is kept") {
  const EchoServer server;
  const std::string as(1 << 16, 'a'), start = "POST /echo HTTP/1.1\r\nHost: a\r\n",
                                      in_chunks = start + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string chunk = [] {
    std::string all;
    while (all.size() < 1 << 16) all += "1;a=b\r\nc\r\n";
    return all;
  }();
  const std::string fields = [] {
    std::string all;
    while (all.size() < 1 << 16) all += "X: y\r\n";
    return all;
  }();
  const std::string empty_lines = [] {
    std::string all;
    while (all.size() < 1 << 16) all += "\r\n";
    return all;
  }();
  const struct {
    const char* what;
    std::string begin, more;
    int status;
  } floods[] = {{"method", "", as, 501},
                {"empty lines", "", empty_lines, 431},
                {"target", "GET /", as, 414},
                {"field name", start, as, 431},
                {"field value", start + "X: ", as, 431},
                {"fields", start, fields, 431},
                {"chunk size", in_chunks, std::string(1 << 16, '0'), 400},
                {"chunk extension", in_chunks + "5;", as, 400},
                {"chunk extensions", in_chunks, chunk, 400},
                {"trailer", in_chunks + "0\r\nX: ", as, 431},
                {"trailers", in_chunks + "0\r\n", fields, 431},
                {"chunks", in_chunks, "10000\r\n" + as + "\r\n", 413}};
  for (const auto& one : floods) {
    CAPTURE(one.what);
    const auto [answer, sent] = flood(server, one.begin, one.more);
    CHECK((answer == one.status || answer == 0));
    CHECK(sent < 100 << 20);  // 64 MiB are dropped at most
  }
  for (int i = 0; i < 1000 && server.held() > 0; ++i) std::this_thread::sleep_for(5ms);
  CHECK(server.held() == 0);
}

TEST_CASE("rules: pipelined requests whose answers nobody reads are not taken in") {
  const EchoServer server;
  WireClient client(server.port(), 1, 4096);
  const std::string ask = get("GET /long HTTP/1.1");
  std::size_t sent = 0;
  try {
    for (std::string many; sent < (64 << 20); sent += many.size()) {
      if (many.empty())
        while (many.size() < 1 << 16) many += ask;
      client.send(many);
    }
  } catch (const NoReply&) {}
  CHECK(sent < 32 << 20);                  // what the kernel's buffers take
  CHECK(server.held() < 4.0 * (1 << 20));  // one answer, and one piece of input
}

TEST_CASE("rules: all that connections hold is counted together, and above the limit refused") {
  serve::ServerOptions options;
  options.max_memory_bytes = 1 << 20;
  const EchoServer server(options);
  std::vector<std::unique_ptr<WireClient>> clients;
  int refused = 0;
  for (int i = 0; i < 40; ++i) {  // half of a header section each
    clients.push_back(std::make_unique<WireClient>(server.port(), 2));
    clients.back()->send("POST /echo HTTP/1.1\r\nHost: a\r\nX: " + std::string(60000, 'a'));
  }
  for (int i = 0; i < 400 && server.held() < 1000000; ++i) std::this_thread::sleep_for(5ms);
  CHECK(server.held() <= 1 << 20);
  for (auto& client : clients) {
    try {
      client->send("\r\n\r\n");
      refused += client->reply().status == 503 ? 1 : 0;
    } catch (const NoReply&) { ++refused; }
  }
  CHECK(refused >= 15);
  clients.clear();
  for (int i = 0; i < 1000 && server.held() > 0; ++i) std::this_thread::sleep_for(5ms);
  CHECK(test::ask(server.port(), "POST", "/echo", {}, "ab").body == "ab");
}
