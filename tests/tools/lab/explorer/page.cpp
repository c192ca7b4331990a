#include "tests/tools/lab/explorer/page.h"

#include <algorithm>
#include <cmath>

#include "tests/tools/command.h"
#include "train/files/npy.h"

namespace facet::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Before everything else: what goes wrong is written down.
const char* const kListen = R"html(<script>
window.wrongs = [];
window.addEventListener("error", event => wrongs.push(String(event.message)));
window.addEventListener("unhandledrejection", event => wrongs.push(String(event.reason)));
console.error = console.warn = (...what) => wrongs.push(what.join(" "));
</script>)html";

// After everything else.
const char* const kReport = R"html(<script>
const shown = () => {
  explorer.show();
  const commands = [...document.querySelectorAll("#numbers pre")].map(pre => pre.textContent);
  return {
    refused: [...document.querySelectorAll(".refused:not([hidden])")].map(p => p.textContent),
    losses: commands.map((command, k) => {
      const numbers = {};
      for (const node of document.querySelectorAll(`[data-of^="${["first", "second"][k]}."]`))
        (numbers[node.dataset.of.split(".")[1]] ??= []).push(node.textContent);
      return {command, numbers};
    })};
};
const report = what => {
  const resources = performance.getEntriesByType("resource").map(entry => entry.name);
  const pre = document.createElement("pre");
  pre.id = "report";
  pre.textContent = JSON.stringify({what, wrongs,
    resources: resources.filter(name => !name.startsWith("data:"))});
  document.body.append(pre);
};
</script>)html";

std::string unescaped(std::string text) {
    for (const auto& [entity, character] :
         {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}}) {
        for (size_t at; (at = text.find(entity)) != std::string::npos;)
            text.replace(at, std::string(entity).size(), character);
    }
    return text;
}

std::vector<double> flat(const json& rows) {
    if (!rows.is_array()) return {rows.get<double>()};
    std::vector<double> all;
    for (const json& row : rows) {
        for (const double v : flat(row)) all.push_back(v);
    }
    return all;
}

// The numbers that the page shows begin those of the file.
void expect_close(const json& texts, const fs::path& file, double tolerance,
                  const std::string& what) {
    const std::vector<double> expected = npy_as<double>(read_npy(file));
    double scale = 0;
    for (const double v : expected) scale = std::max(scale, std::abs(v));
    ASSERT_LE(texts.size(), expected.size()) << what;
    for (size_t i = 0; i < texts.size(); ++i)
        EXPECT_NEAR(std::stod(texts[i].get<std::string>()), expected[i], tolerance * scale) << what;
}

}  // namespace

void ExplorerPage::SetUp() {
    const char* named = std::getenv("FACET_BROWSER");
    ASSERT_NE(named, nullptr) << "FACET_BROWSER, see tests/tools/lab/explorer_test.sh";
    browser = named;
    html = content(fs::path(facet_binary()).parent_path() / "explorer/explorer.html");
    ASSERT_GT(html.size(), 100000u);
}

std::string ExplorerPage::opened(const std::string& first, const std::string& last) const {
    std::string copy = html;
    copy.insert(copy.find("<style>"), first);
    copy.insert(copy.rfind("</body>"), last);
    std::ofstream(folder.path() / "page.html", std::ios::binary) << copy;
    const std::string command = "'" + browser +
                                "' --headless --no-sandbox --disable-gpu --user-data-dir='" +
                                (folder.path() / "profile").string() + "'" +
                                " --virtual-time-budget=100000 --dump-dom 'file://" +
                                (folder.path() / "page.html").string() + "' 2>'" +
                                (folder.path() / "browser.log").string() + "'";
    FILE* pipe = popen(command.c_str(), "r");
    std::string dom;
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) dom.append(buffer, n);
    EXPECT_EQ(pclose(pipe), 0);
    return dom;
}

json ExplorerPage::examined(const std::string& script, const std::string& first) const {
    const std::string dom =
        opened(first + kListen, std::string(kReport) + "<script>(async () => {" + script +
                                    "})().then(report);</script>");
    const std::string open = "<pre id=\"report\">";
    const size_t from = dom.find(open);
    if (from == std::string::npos) {
        ADD_FAILURE() << "no report: " << content(folder.path() / "browser.log");
        return json();
    }
    const size_t begin = from + open.size();
    const json all = json::parse(unescaped(dom.substr(begin, dom.find("</pre>", begin) - begin)));
    EXPECT_EQ(all["wrongs"], json::array());
    EXPECT_EQ(all["resources"], json::array());
    return all["what"];
}

void ExplorerPage::expect_equal(const json& loss) const {
    std::stringstream text(loss["command"].get<std::string>());
    std::string command, line;
    std::getline(text, command);
    while (std::getline(text, line)) {
        if (line.empty()) continue;
        const fs::path path = folder.path() / line.substr(0, line.find(' '));
        const json array = json::parse(line.substr(line.find(' ')));
        if (path.extension() == ".json") {
            std::ofstream(path) << array;
        } else if (path.stem() == "y") {
            const auto y = array.get<std::vector<int64_t>>();
            write_npy(path, npy_from<int64_t>(y, {int64_t(y.size())}));
        } else {
            const std::vector<double> values = flat(array);
            const auto rows = int64_t(array.size());
            write_npy(path, npy_from<double>(values, {rows, int64_t(values.size()) / rows}));
        }
    }
    ASSERT_EQ(command.rfind("facet grad ", 0), 0u) << command;
    const Outcome outcome =
        run(command.substr(6) + " >/dev/null", "cd '" + folder.path().string() + "' &&");
    ASSERT_EQ(outcome.status, 0) << command;
    const fs::path out = folder.path() / "g";
    const json& numbers = loss["numbers"];
    expect_close(numbers["value"], out / "value.npy", 1e-12, command);
    expect_close(numbers["dx"], out / "dx.npy", 1e-12, command);
    if (numbers.contains("dw")) expect_close(numbers["dw"], out / "dw.npy", 1e-12, command);
    if (numbers.contains("dcos")) expect_close(numbers["dcos"], out / "dcos.npy", 1e-12, command);
    EXPECT_EQ(numbers.contains("dw"), fs::exists(folder.path() / "w.npy"));
    for (const char* name : {"g", "x.npy", "w.npy"}) fs::remove_all(folder.path() / name);
}

}  // namespace facet::test
