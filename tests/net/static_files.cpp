// A folder of files as pages.
#include <rejoinder/net/static_files.hpp>

#include <rejoinder/wire/route_pattern.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>

#include "support/catch.hpp"

namespace {

struct folder_of_files {
    std::filesystem::path root = std::filesystem::temp_directory_path() / ("rejoinder_files_" + std::to_string(::getpid()));

    folder_of_files()
    {
        std::filesystem::create_directories(root / "public" / "js");
        write("secret.txt", "secret");
        write("public/index.html", "<html>");
        write("public/js/app.js", "app()");
        std::filesystem::create_symlink(root / "secret.txt", root / "public" / "link.txt");
    }
    ~folder_of_files() { std::filesystem::remove_all(root); }

    void write(std::string_view name, std::string_view text) const { std::ofstream{root / name} << text; }
};

} // namespace

TEST_CASE("files are served by their names, with their types")
{
    const folder_of_files disk;
    const rejoinder::static_files files{disk.root / "public"};
    const auto get = [&](std::string_view name) {
        rejoinder::http_request request;
        request.parameters.add("file", name);
        return files(request);
    };
    CHECK(get("").content() == "<html>");
    CHECK(get("index.html").headers.value("content-type") == "text/html; charset=utf-8");
    CHECK(get("js/app.js").content() == "app()");
    CHECK(get("js/app.js").headers.value("content-type") == "text/javascript; charset=utf-8");
    for (const auto* const out : {"../secret.txt", "js/../../secret.txt", "/etc/passwd", "link.txt", "js", "js/", ".", "..", "./index.html"}) {
        CAPTURE(out);
        CHECK(get(out).status == 404);
    }
    CHECK_THROWS_AS((rejoinder::static_files{disk.root / "public", {.bytes_max = 5}}), std::length_error);
}

TEST_CASE("answers share a file's bytes, and who has it as it is gets none")
{
    const folder_of_files disk;
    const rejoinder::static_files files{disk.root / "public"};
    rejoinder::http_request request;
    request.parameters.add("file", "js/app.js");
    const auto first = files(request);
    CHECK(first.shared == files(request).shared);
    const auto tag = first.headers.value("ETag");
    REQUIRE(tag.size() > 2);
    for (const auto& known : {std::string{tag}, "\"other\", W/" + std::string{tag}, std::string{"*"}}) {
        auto again = request;
        again.headers.add("If-None-Match", known);
        const auto answer = files(again);
        CHECK(answer.status == 304);
        CHECK(answer.content().empty());
        CHECK(answer.headers.value("ETag") == tag);
    }
    request.headers.add("If-None-Match", "\"other\"");
    CHECK(files(request).status == 200);

    disk.write("public/js/app.js", "app(1)");
    CHECK(rejoinder::static_files{disk.root / "public"}(request).headers.value("ETag") != tag);
}

TEST_CASE("a file that cannot be read is an error, not an empty page, and what is read counts, not what it says it has")
{
    const folder_of_files disk;
    disk.write("public/hidden.html", "hidden");
    std::filesystem::permissions(disk.root / "public/hidden.html", std::filesystem::perms::none);
    if (::geteuid() != 0) { // who may read all
        CHECK_THROWS_AS(rejoinder::static_files{disk.root / "public"}, std::filesystem::filesystem_error);
    }
    const std::filesystem::path sizeless = "/proc/self/fdinfo";
    if (std::filesystem::exists(sizeless)) {
        CHECK_THROWS_AS((rejoinder::static_files{sizeless, {.bytes_max = 5}}), std::length_error);
    }
}

TEST_CASE("a route takes its names from whole segments, and a rest of none or many")
{
    using rejoinder::http_parameters;
    using rejoinder::route_pattern;
    http_parameters found;
    CHECK(route_pattern{"/ws/{user}/{id}"}.match("/ws/42/a b", found));
    CHECK(found == http_parameters{{"user", "42"}, {"id", "a b"}});
    CHECK_FALSE(route_pattern{"/ws/{user}/{id}"}.match("/ws/42", found));
    CHECK_FALSE(route_pattern{"/ws/{user}"}.match("/ws/42/", found));
    CHECK_FALSE(route_pattern{"/ws/{user}"}.match("/ws/", found));
    CHECK(route_pattern{"/"}.match("/", found));
    CHECK_FALSE(route_pattern{"/"}.match("/a", found));
    for (const auto* const path : {"/app", "/app/", "/app/a", "/app/a/b"}) {
        http_parameters rest;
        CAPTURE(path);
        CHECK(route_pattern{"/app/{file...}"}.match(path, rest));
        CHECK(rest.value("file") == std::string_view{path}.substr(std::min<std::size_t>(5, std::string_view{path}.size())));
    }
    CHECK_FALSE(route_pattern{"/app/{file...}"}.match("/apple", found));
    for (const auto* const bad : {"", "ws", "/{}", "/{...}", "/a{b}", "/{a...}/b", "/{a"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(route_pattern{bad}, std::invalid_argument);
    }
}
