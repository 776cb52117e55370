#include <milepost/verify.hpp>

#include <new>

#include <milepost/error.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/progress_meter.hpp"
#include "core/text.hpp"
#include "format/canonical.hpp"
#include "format/file_layout.hpp"
#include "loading/chunk_reader.hpp"
#include "loading/damage_list.hpp"
#include "loading/open.hpp"
#include "loading/reader_impl.hpp"
#include "loading/verify_chunks.hpp"
#include "loading/verify_structure.hpp"

namespace milepost {
namespace {

/// Whether the form was checked: a newer minor revision may have columns that this library cannot encode
/// (docs/format.md, section 13).
bool check_canonical_form(const loading::OpenedIndex& opened, loading::DamageList& damage) {
    if (opened.header.optional_flags != 0) return false;
    if (format::is_canonical(opened.index, opened.offsets, opened.buffer.bytes())) return true;
    const format::IndexPlacement& placement = opened.footer.placement;
    const auto begin = placement.index_offset, end = begin + placement.index_nbytes;
    damage.add(Error(Condition::index_canonical,
                     base::message("bytes ", begin, "..", end, ": the index is not in canonical form")),
               begin, end);
    return true;
}

Result<VerifyReport> verify_all(const Reader::Impl& impl, const VerifyOptions& options) {
    VerifyReport report;
    loading::DamageList damage(impl.opened, options);
    core::ProgressMeter progress(options.progress, "VerifyOptions::progress", impl.opened.footer.file_size,
                                 format::kHeaderNbytes);
    const loading::ChunkSource chunks{impl.file, impl.opened, true};
    MILEPOST_TRY(verify_chunks(chunks, options.threads, progress, damage, report));
    MILEPOST_TRY(verify_structure(impl.file.source(), impl.opened, progress, damage));
    report.canonical_form_checked = check_canonical_form(impl.opened, damage);
    MILEPOST_TRY(impl.file.check_unchanged());
    damage.complete(report);
    return report;
}

}  // namespace

Result<VerifyReport> verify(const Reader& reader, const VerifyOptions& options) try {
    auto report = verify_all(*reader.impl_, options);
    if (!report && !reader.impl_->path.empty())
        return report.error().within(core::printable(reader.impl_->path));
    return report;
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost
