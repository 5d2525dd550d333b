//===- NodeDiagnostics.cpp - messages that name file and node -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Import/NodeDiagnostics.h"

#include "mlir/IR/Location.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::sextant;

/// The nodes of a location, a caller before what it calls.
static void collectNodes(Location loc, SmallVectorImpl<NameLoc> &nodes) {
  if (auto call = dyn_cast<CallSiteLoc>(loc)) {
    collectNodes(call.getCaller(), nodes);
    collectNodes(call.getCallee(), nodes);
  } else if (auto node = dyn_cast<NameLoc>(loc)) {
    nodes.push_back(node);
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    // Of what was fused, the first stands for all.
    for (Location part : fused.getLocations()) {
      size_t before = nodes.size();
      collectNodes(part, nodes);
      if (nodes.size() > before)
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
  SmallVector<NameLoc> nodes;
  collectNodes(diag.getLocation(), nodes);
  std::string text;
  llvm::raw_string_ostream line(text);
  for (auto [index, node] : llvm::enumerate(nodes)) {
    line << (index ? ", node '" : "node '") << node.getName().getValue() << "'";
    if (auto module = dyn_cast<NameLoc>(node.getChildLoc()))
      line << " in '" << module.getName().getValue() << "'";
  }
  if (!nodes.empty())
    line << ": ";
  line << diag;
  // A model's names are not to be trusted with a terminal.
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      stream << "\\x" << llvm::hexdigit((c >> 4) & 15)
             << llvm::hexdigit(c & 15);
    else
      stream << c;
  }
  stream << '\n';
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
