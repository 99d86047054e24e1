/* SPDX-License-Identifier: MIT */
/* leat's plug-ins lie in the build, two folders from this program. */
#ifndef BENCH_LINK_PLUGIN_HPP
#define BENCH_LINK_PLUGIN_HPP

#include <cstdlib>
#include <linux/limits.h>
#include <string>
#include <unistd.h>

inline bool find_plugin()
{
    char path[PATH_MAX] = "";
    ssize_t bytes = readlink("/proc/self/exe", path, sizeof(path) - 1);
    std::string folder(path, bytes > 0 ? size_t(bytes) : 0);
    return setenv("LEAT_PLUGINS", (folder.substr(0, folder.rfind('/')) + "/../plugins").c_str(), 1) == 0;
}
static const bool plugin_is_found = find_plugin();

#endif
