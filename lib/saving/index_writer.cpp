#include "saving/index_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "codec/checksum.hpp"
#include "format/file_layout.hpp"
#include "format/index.hpp"
#include "format/validate.hpp"
#include "saving/output_queue.hpp"

namespace milepost::saving {
namespace {

using format::IndexPlacement;

Result<void> write_copies(const std::vector<std::byte>& index, const IndexPlacement& placement,
                          const format::HeaderBytes& header, OutputQueue& queue) {
    format::Footer footer;
    footer.file_size = placement.file_size();
    footer.placement = placement;
    footer.index_checksum = codec::checksum128(index);
    footer.header_checksum = format::header_tag(header);
    const format::FooterBytes footer_bytes = footer.encode();
    for (const std::uint64_t copy : {placement.index_offset, placement.copy_b()}) {
        MILEPOST_TRY(queue.pad_to(copy));
        MILEPOST_TRY(queue.append(index));
        MILEPOST_TRY(queue.pad_to(copy + placement.padded_nbytes()));
        MILEPOST_TRY(queue.append(footer_bytes));
    }
    return queue.flush();
}

}  // namespace

Result<void> write_index(const format::Index& index, const format::HeaderBytes& header,
                         const SaveOptions& options, OutputQueue& queue) {
    MILEPOST_TRY_ASSIGN(auto encoded, index.encode(options.limits));
    const IndexPlacement placement{base::align_up(queue.position(), format::kLeastAlignment), encoded.size()};
    auto valid = format::validate(index, {placement.index_offset, options.alignment}, options.limits);
    if (!valid) return as_argument_error(valid.error());
    return write_copies(encoded, placement, header, queue);
}

Error as_argument_error(const Error& error) {
    if (error.code() != Code::corrupt) return error;
    const bool is_of_names =
        error.condition() == Condition::name || error.condition() == Condition::name_duplicate ||
        error.condition() == Condition::value_key || error.condition() == Condition::value_bytes;
    return Error(is_of_names ? Condition::save_name : Condition::layout, error.message());
}

}  // namespace milepost::saving
