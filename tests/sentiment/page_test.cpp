// SPDX-License-Identifier: MIT
// The page in a real browser: headless Chromium, driven over its debugging pipe. Skipped where there is no
// Chromium.
#include "sentiment/chromium.hpp"
#include "sentiment/served.hpp"

#include <signal.h>

using namespace sentiment;
using namespace std::chrono_literals;
using sentiment::test::Chromium;
using sentiment::test::Json;
using sentiment::test::make_model;
using sentiment::test::Server;

namespace {

/// WCAG's contrast of the text of an element with what is behind it.
constexpr const char* contrast = R"((selector) => {
  const numbers = (c) => c.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => { const f = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const element = document.querySelector(selector), layers = [];
  for (let e = element; e; e = e.parentElement) layers.unshift(numbers(getComputedStyle(e).backgroundColor));
  let ground = [255, 255, 255];
  for (const [r, g, b, a = 1] of layers) ground = [r, g, b].map((v, i) => v * a + ground[i] * (1 - a));
  const [x, y] = [light(numbers(getComputedStyle(element).color)), light(ground)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
})";

}  // namespace

TEST_CASE("page: in a browser, narrow and wide, light and dark, by mouse and by keyboard") {
  const std::string program = Chromium::find();
  if (program.empty()) {
    lstmlib::test::skip("there is no Chromium here");
    return;
  }
  const auto folder = lstmlib::test::scratch("page");
  Server server(folder / "server", make_model(folder / "model", {.units = 12}),
                {"--labels", "negative,positive"});
  const std::string address = "http://127.0.0.1:" + std::to_string(server.port) + "/";
  Chromium page(program, folder / "profile", address);
  const auto text = [&](const std::string& id) {
    return page.evaluate("document.getElementById('" + id + "').textContent").get<std::string>();
  };
  const auto visible = [&](const std::string& id) {
    return !page.evaluate("document.getElementById('" + id + "').hidden").get<bool>();
  };

  SUBCASE("an example by a click, the same as /explain says") {
    page.evaluate(
        "[...document.querySelectorAll('#examples button')].find((b) => b.textContent === 'Not bad at "
        "all!').click()");
    page.wait_until("document.querySelectorAll('article').length === 1");
    const Json row = Json::parse(
        lstmlib::test::ask(server.port, "POST", "/explain", {}, R"(["Not bad at all!"])").body)[0];
    const std::string name = row["prediction"] == 1 ? "positive (class 1)" : "negative (class 0)";
    CHECK(page.evaluate("document.querySelector('article strong').textContent") == name);
    CHECK(page.evaluate(
              "[...document.querySelectorAll('article .word')].map((w) => w.textContent).join(' ')") ==
          "not bad at all!");
    const Json weights = page.evaluate(
        "[...document.querySelectorAll('article td')].map((d) => Number(d.textContent.replace('\\u2212', "
        "'-')))");
    REQUIRE(weights.size() == 4);
    for (std::size_t i = 0; i < 4; ++i)
      CHECK(std::abs(weights[i].get<double>() - row["weights"][i].get<double>()) < 0.00051);
    CHECK(text("status").find(name) != std::string::npos);
    CHECK_FALSE(visible("error"));
    CHECK(page.evaluate(
              "performance.getEntriesByType('resource').every((e) => e.name.startsWith(location.origin))") ==
          true);
  }
  SUBCASE("typing and keys alone") {
    page.key("Tab");
    CHECK(page.evaluate("document.activeElement.id") == "input");
    page.type("A good film\n\nNot fun");
    page.key("Enter", 2);  // with Ctrl
    page.wait_until("document.querySelectorAll('article').length === 2");
    CHECK(text("status") == "2 sentences classified.");
    page.key("Tab");
    CHECK(page.evaluate("document.activeElement.id") == "go");
    page.key("Tab");
    CHECK(page.evaluate("document.activeElement.parentElement.parentElement.id") == "examples");
    page.key("Enter");
    page.wait_until("document.querySelectorAll('article').length === 1");
  }
  SUBCASE("what a screen reader is told") {
    auto nodes = page.accessible_nodes();
    for (int i = 0; i < 100 && nodes.size() < 20; ++i, std::this_thread::sleep_for(50ms))
      nodes = page.accessible_nodes();  // the tree is made a little after the page
    const auto has = [&](const std::string& role, const std::string& name) {
      return std::find(nodes.begin(), nodes.end(), std::pair(role, name)) != nodes.end();
    };
    CHECK(has("textbox", "Sentences"));
    CHECK(has("button", "Classify"));
    CHECK(has("heading", "Sentence classifier"));
    CHECK(has("region", "Results"));
    CHECK(page.evaluate("document.documentElement.lang") == "en");
    CHECK(page.evaluate("document.getElementById('status').getAttribute('role')") == "status");
    CHECK(page.evaluate("document.getElementById('error').getAttribute('role')") == "alert");
  }
  SUBCASE("errors as a person reads them") {
    page.evaluate("document.getElementById('go').click()");
    CHECK(visible("error"));
    CHECK(text("error") == "Please type a sentence first, or click an example.");
    page.evaluate(
        "document.getElementById('input').value = 'word '.repeat(3000); "
        "document.getElementById('go').click()");
    page.wait_until("document.getElementById('error').textContent.startsWith('That is too much text')");
    server.process.send(SIGTERM);
    server.process.wait();
    page.evaluate("document.getElementById('input').value = 'a'; document.getElementById('go').click()");
    page.wait_until(
        "document.getElementById('error').textContent === 'The server does not answer. Is it still "
        "running?'");
    CHECK(page.evaluate("document.getElementById('go').disabled") == false);
  }
  SUBCASE("errors are in view on a small screen, and results of another text are gone") {
    page.look_at(400, 640, "light");
    const char* in_view =
        "(() => { const box = document.getElementById('error').getBoundingClientRect(); return box.height > "
        "0 && box.top >= 0 "
        "&& box.bottom <= innerHeight; })()";
    for (const std::string typed : {"''", "'word '.repeat(3000)"}) {
      page.evaluate("classify(['A good film', 'bad'])");
      page.wait_until("document.querySelectorAll('article').length === 2");
      page.evaluate("scrollTo(0, document.body.scrollHeight)");
      page.evaluate("document.getElementById('input').value = " + typed +
                    "; document.getElementById('go').click()");
      page.wait_until("!document.getElementById('error').hidden");
      page.wait_until(in_view);
      CHECK(page.evaluate("document.querySelectorAll('article').length") == 0);
      CHECK_FALSE(visible("legend"));
      CHECK(page.evaluate("document.getElementById('status').textContent") == "No results.");
    }
  }
  SUBCASE("words that the model does not know are marked, and said to be unknown") {
    page.evaluate("classify(['A strange film'])");
    page.wait_until("document.querySelectorAll('article').length === 1");
    CHECK(page.evaluate(
              "[...document.querySelectorAll('article .unknown')].map((w) => w.textContent).join()") ==
          "strange");
    CHECK(page.evaluate(
              "[...document.querySelectorAll('article th[scope=row]')].map((w) => w.textContent).join()") ==
          "a,strange (unknown),film");
    CHECK(visible("unknown-legend"));
    page.evaluate("classify(['A good film'])");
    page.wait_until("document.querySelectorAll('article .unknown').length === 0");
    CHECK_FALSE(visible("unknown-legend"));
  }
  SUBCASE("a model's words are text, never markup") {
    page.evaluate("classify(['<img src=x onerror=alert(1)> & \"q\"'])");
    page.wait_until("document.querySelectorAll('article').length === 1");
    CHECK(page.evaluate("document.querySelectorAll('article img').length") == 0);
  }
  SUBCASE("320 pixels to wide, light and dark") {
    page.evaluate("classify(['A good film, not dull at all, and a very very good plot', 'bad', '" +
                  std::string(400, 'x') + "'])");
    page.wait_until("document.querySelectorAll('article').length === 3");
    page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)");
    for (const char* scheme : {"light", "dark"})
      for (const int width : {320, 375, 768, 1440}) {
        page.look_at(width, 800, scheme);
        CAPTURE(scheme);
        CAPTURE(width);
        CHECK(page.evaluate("document.documentElement.scrollWidth") <= width);
        for (const char* selector :
             {"h1", ".soft", ".go", "#examples button", ".verdict strong", "article .word",
              "article .unknown", "#legend .word", "summary", "footer a"}) {
          CAPTURE(selector);
          CHECK(page.evaluate("(" + std::string(contrast) + ")('" + selector + "')").get<double>() >= 4.5);
        }
      }
  }
}
