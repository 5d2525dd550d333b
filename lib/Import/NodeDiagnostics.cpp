//===- NodeDiagnostics.cpp - messages that name file and node -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Import/NodeDiagnostics.h"

#include "mlir/IR/Location.h"
#include "llvm/ADT/SmallVector.h"

using namespace mlir;
using namespace mlir::sextant;

/// The nodes of a location, a caller before what it calls.
static void collectNames(Location loc, SmallVectorImpl<StringRef> &names) {
  if (auto call = dyn_cast<CallSiteLoc>(loc)) {
    collectNames(call.getCaller(), names);
    collectNames(call.getCallee(), names);
  } else if (auto name = dyn_cast<NameLoc>(loc)) {
    names.push_back(name.getName());
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    // Of what was fused, the first stands for all.
    for (Location part : fused.getLocations()) {
      size_t before = names.size();
      collectNames(part, names);
      if (names.size() > before)
        return;
    }
  }
}

static StringRef getWord(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return "note";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Error:
    return "error";
  case DiagnosticSeverity::Remark:
    return "remark";
  }
  llvm_unreachable("all severities are named");
}

static void print(Diagnostic &diag, FileLineColLoc file,
                  llvm::raw_ostream &stream) {
  stream << file.getFilename().getValue() << ": " << getWord(diag.getSeverity())
         << ": ";
  SmallVector<StringRef> names;
  collectNames(diag.getLocation(), names);
  for (StringRef name : names)
    stream << "node '" << name
           << (name.data() == names.back().data() ? "': " : "', ");
  stream << diag << '\n';
  for (Diagnostic &note : diag.getNotes()) {
    auto at = note.getLocation()->findInstanceOf<FileLineColLoc>();
    print(note, at ? at : file, stream);
  }
}

NodeDiagnosticHandler::NodeDiagnosticHandler(MLIRContext *context,
                                             llvm::raw_ostream &stream)
    : ScopedDiagnosticHandler(context) {
  setHandler([&stream](Diagnostic &diag) -> LogicalResult {
    auto file = diag.getLocation()->findInstanceOf<FileLineColLoc>();
    if (!file || file.getLine() != 0)
      return failure();
    print(diag, file, stream);
    return success();
  });
}
