#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace milepost::cli {

/// Exit statuses (docs/command-line.md).
enum class Exit : std::uint8_t {
    ok = 0,
    differs = 1,  ///< a file is damaged, or two differ
    failed = 2,
    lossy = 3,  ///< done, but something was lost
};

/// `milepost info FILE`
struct InfoCommand {
    std::string file;
    bool json = false;
    bool no_color = false;
};

/// `milepost ls FILE [PATTERN]`
struct LsCommand {
    std::string file;
    std::string pattern;  ///< "" for all
    bool plain = false;
    bool json = false;
    bool no_color = false;
};

/// `milepost digest FILE [PATTERN]`
struct DigestCommand {
    std::string file;
    std::string pattern;   ///< "" for all
    bool tensors = false;  ///< those of tensors; a pattern asks for them, too
    bool json = false;
    bool no_color = false;
};

/// `milepost verify FILE...`
struct VerifyCommand {
    std::vector<std::string> files;
    std::size_t max_damage = 1000;  ///< of each file
    bool json = false;
    bool no_color = false;
};

/// `milepost show FILE PATH...`
struct ShowCommand {
    std::string file;
    std::vector<std::string> patterns;
    bool values = false;  ///< print elements
    bool json = false;
    bool no_color = false;
};

/// `milepost get FILE PATH [-o OUT]`
struct GetCommand {
    std::string file;
    std::string path;
    std::string output;  ///< "" for stdout
    bool force = false;
    bool json = false;
    bool no_color = false;
};

/// `milepost diff A B`
struct DiffCommand {
    std::string left, right;
    double rtol = 0;
    double atol = 0;
    std::vector<std::string> only;  ///< patterns of paths; all where there are none
    std::size_t max_listed = 100;
    bool quiet = false;
    bool json = false;
    bool no_color = false;
};

/// How the commands that write a file write it.
struct OutputOptions {
    std::string output;
    bool force = false;       ///< replace an existing file
    bool no_durable = false;  ///< do not wait for the disk
    std::string codec;        ///< of .milepost files; "" for the default of the command
    int level = 0;            ///< of zstd; 0 for the default
    unsigned threads = 0;
};

/// `milepost convert IN OUT`
struct ConvertCommand {
    std::string file;
    OutputOptions write;
    std::string from, to;             ///< words of formats; "" to find out
    std::vector<std::string> models;  ///< PATH=NAME
    std::vector<std::string> only;    ///< patterns of what is converted
    std::string max_shard_size;       ///< with a unit, such as 5GB
    bool lossy = false;
    bool verify = false;
    bool json = false;
    bool no_color = false;
};

/// `milepost edit IN OUT`
struct EditCommand {
    std::string file;
    OutputOptions write;
    std::vector<std::string> merge;   ///< files
    std::vector<std::string> keep;    ///< patterns
    std::vector<std::string> drop;    ///< patterns
    std::vector<std::string> rename;  ///< OLD=NEW
    std::vector<std::string> cast;    ///< PATTERN=DTYPE
    std::vector<std::string> set;     ///< PATH=VALUE, a JSON value
    std::vector<std::string> split;   ///< PATTERN=FILE
    bool json = false;
    bool no_color = false;
};

/// `milepost compress IN OUT`, `milepost decompress IN OUT`
struct RecodeCommand {
    std::string file;
    OutputOptions write;
    bool json = false;
    bool no_color = false;
};

// Results go to stdout, messages to stderr.
[[nodiscard]] Exit run(const InfoCommand& command);
[[nodiscard]] Exit run(const LsCommand& command);
[[nodiscard]] Exit run(const ShowCommand& command);
[[nodiscard]] Exit run(const GetCommand& command);
[[nodiscard]] Exit run(const DigestCommand& command);
[[nodiscard]] Exit run(const VerifyCommand& command);
[[nodiscard]] Exit run(const DiffCommand& command);
[[nodiscard]] Exit run(const ConvertCommand& command);
[[nodiscard]] Exit run(const EditCommand& command);
[[nodiscard]] Exit run(const RecodeCommand& command);

}  // namespace milepost::cli
