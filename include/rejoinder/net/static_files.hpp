// A folder of files as pages.
// Not behind the door: it stands behind web.hpp. <filesystem> and <fstream> are slow to compile.
#ifndef REJOINDER_NET_STATIC_FILES_HPP
#define REJOINDER_NET_STATIC_FILES_HPP

#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <ios>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0 {

/// How a folder is taken.
struct static_files_options {
    std::size_t bytes_max = std::size_t{16} << 20; ///< of all files together
    std::string parameter = "file";                ///< of the route: `/{file...}`
    std::string index = "index.html";              ///< what stands for a folder
};

/// The files that a folder has now, as a function for `web_listener::get("/app/{file...}", static_files{folder})`. They are read here, once: a
/// request reads no disk, waits for none, and can name nothing but what was found. Links are not followed. Copies share the files, and so do
/// answers under way. Who has a file as it is, by its `ETag`, gets 304.
class static_files {
public:
    /// Throws `std::filesystem::filesystem_error` if the folder or a file of it cannot be read, `std::length_error` if its files are more than
    /// `bytes_max`.
    explicit static_files(const std::filesystem::path& folder, static_files_options options = {})
        : options_(std::move(options)), files_(std::make_shared<const table>(read(folder, options_.bytes_max)))
    {}

    http_response operator()(const http_request& request) const
    {
        std::string name{request.parameters.value(options_.parameter)};
        if (name.empty() || name.ends_with('/')) {
            name += options_.index;
        }
        const auto found = files_->find(name);
        if (found == files_->end()) {
            return http_text(404, "There is no such file.\n");
        }
        const auto known = request.headers.value("If-None-Match");
        const bool unchanged = known == "*" || known.find(found->second.tag) != std::string_view::npos;
        auto answer = unchanged ? http_response{304} : http_text(200, {}, type_of(name));
        answer.headers.add("ETag", found->second.tag);
        answer.headers.add("Cache-Control", "no-cache");
        answer.headers.add("X-Content-Type-Options", "nosniff");
        answer.shared = unchanged ? nullptr : found->second.text;
        return answer;
    }

private:
    struct file {
        std::shared_ptr<const std::string> text; // answers share it
        std::string tag;                         // in quotes
    };
    using table = std::map<std::string, file, std::less<>>;

    static table read(const std::filesystem::path& folder, std::size_t bytes_max)
    {
        table all;
        std::size_t room = bytes_max;
        for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
            if (entry.is_symlink() || !entry.is_regular_file()) {
                continue;
            }
            auto text = content(entry.path(), room);
            if (text.size() > room) {
                throw std::length_error("rejoinder: the files of " + folder.string() + " are too large");
            }
            room -= text.size();
            auto tag = tag_of(text);
            all.emplace(entry.path().lexically_relative(folder).generic_string(),
                        file{std::make_shared<const std::string>(std::move(text)), std::move(tag)});
        }
        return all;
    }

    // All of a file, whatever size it says it has, but little more than there is room for.
    static std::string content(const std::filesystem::path& path, std::size_t room)
    {
        std::ifstream file{path, std::ios::binary};
        std::string text;
        std::array<char, 4096> piece;
        while (file && text.size() <= room) {
            file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
            text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
        }
        if (!file.is_open() || file.bad()) {
            throw std::filesystem::filesystem_error("rejoinder: a file cannot be read", path,
                                                    std::make_error_code(std::errc::io_error));
        }
        return text;
    }

    // Of the content alone (FNV-1a), so that several processes with the same files agree.
    static std::string tag_of(std::string_view text)
    {
        std::uint64_t hash = 0xcbf29ce484222325;
        for (const char c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
        }
        return '"' + std::to_string(hash) + '-' + std::to_string(text.size()) + '"';
    }

    static std::string_view type_of(std::string_view name)
    {
        constexpr std::array<std::pair<std::string_view, std::string_view>, 12> types{
            {{".html", "text/html; charset=utf-8"},
             {".css", "text/css; charset=utf-8"},
             {".js", "text/javascript; charset=utf-8"},
             {".mjs", "text/javascript; charset=utf-8"},
             {".json", "application/json"},
             {".map", "application/json"},
             {".svg", "image/svg+xml"},
             {".png", "image/png"},
             {".jpg", "image/jpeg"},
             {".ico", "image/x-icon"},
             {".woff2", "font/woff2"},
             {".txt", "text/plain; charset=utf-8"}}};
        for (const auto& [ending, type] : types) {
            if (name.ends_with(ending)) {
                return type;
            }
        }
        return "application/octet-stream";
    }

    static_files_options options_;
    std::shared_ptr<const table> files_;
};

} // namespace rejoinder::inline v0

#endif
