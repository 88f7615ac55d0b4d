#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace course {

/// Writes the report page: the template (made by common/tools/report/build.mjs), with the results in place of the word
/// RESULTS. A report of an earlier run is removed if there is no template.
/// @returns false if there is no template
/// @throws std::runtime_error  if the page cannot be written or the template has no place for the results
bool write_report_page(const nlohmann::json& results, const std::filesystem::path& page_template,
                       const std::filesystem::path& report);

}  // namespace course
