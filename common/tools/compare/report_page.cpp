#include "common/tools/compare/report_page.h"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/tools/load/text.h"

namespace course {

bool write_report_page(const nlohmann::json& results, const std::filesystem::path& page_template,
                       const std::filesystem::path& report) {
    std::ifstream in(page_template, std::ios::binary);
    if (!in) {
        std::filesystem::remove(report);
        return false;
    }
    std::string page(std::istreambuf_iterator<char>(in), {});
    constexpr std::string_view marker = ">RESULTS<";
    const std::size_t place = page.find(marker);
    if (place == std::string::npos)
        throw std::runtime_error(utf8_from_path(page_template) + " has no place for the results");
    std::string data;
    for (const char c : results.dump()) {  // a "</script>" within a name would end the element
        if (c == '<')
            data += "\\u003c";
        else
            data += c;
    }
    page.replace(place + 1, marker.size() - 2, data);
    std::ofstream out(report, std::ios::binary);
    out << page;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + utf8_from_path(report));
    return true;
}

}  // namespace course
