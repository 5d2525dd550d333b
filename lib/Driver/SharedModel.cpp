//===- SharedModel.cpp - a compiled model in this process -----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedModel.h"

#include "CacheBuffers.h"
#include "ModelTable.h"

#include "llvm/Support/FileSystem.h"

#include <chrono>
#include <cstring>
#include <dlfcn.h>

using namespace llvm;
using namespace mlir::sextant;

Expected<std::unique_ptr<SharedModel>> SharedModel::open(StringRef path) {
  // A path without a slash would be looked up in the system's folders.
  SmallString<128> absolute(path);
  if (std::error_code code = sys::fs::make_absolute(absolute))
    return createStringError(code, "cannot load '" + path + "'");
  std::unique_ptr<SharedModel> result(new SharedModel());
  result->library = dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!result->library)
    return createStringError("cannot load '" + path + "': " + dlerror());
  auto entry = reinterpret_cast<const sextant_model_table *(*)()>(
      dlsym(result->library, "sextant_model_v1"));
  if (!entry)
    return createStringError("expects a library that Sextant made, but '" +
                             path + "' has no symbol sextant_model_v1");
  result->table = entry();
  if (result->table->size < sizeof(sextant_model_table))
    return createStringError("expects a library that this version made or a "
                             "later one, but '" +
                             path + "' is older");
  char message[512];
  if (result->table->create(nullptr, &result->model, message, sizeof(message)))
    return createStringError("cannot create the model of '" + path +
                             "': " + message);
  return result;
}

SharedModel::~SharedModel() {
  if (model)
    table->destroy(model);
  if (library)
    dlclose(library);
}

const sextant_signature &SharedModel::signature() const {
  return *table->describe();
}

static std::vector<sextant_tensor> makeTensors(ArrayRef<Array> arrays) {
  std::vector<sextant_tensor> tensors;
  for (const Array &array : arrays)
    tensors.push_back({const_cast<char *>(array.data.data()),
                       static_cast<int32_t>(array.kind),
                       static_cast<int32_t>(array.shape.size()),
                       array.shape.data(), nullptr});
  return tensors;
}

Expected<std::vector<Array>>
SharedModel::makeOutputs(ArrayRef<Array> inputs) const {
  const sextant_signature &signature = this->signature();
  std::vector<sextant_tensor> tensors = makeTensors(inputs);
  auto shapes =
      std::make_unique<int64_t[][SEXTANT_MAX_RANK]>(signature.output_count + 1);
  char message[512];
  if (table->output_shapes(model, tensors.data(), tensors.size(), shapes.get(),
                           signature.output_count, message, sizeof(message)))
    return createStringError(Twine(message));
  std::vector<Array> outputs(signature.output_count);
  for (size_t index = 0; index < outputs.size(); ++index) {
    const sextant_value &value = signature.outputs[index];
    Array &output = outputs[index];
    output.name = value.name;
    output.kind = static_cast<ElementKind>(value.type);
    output.shape.assign(shapes[index], shapes[index] + value.rank);
    if (!output.allocate())
      return createStringError("output '" + output.name +
                               "' does not fit in memory");
  }
  return outputs;
}

Expected<std::vector<double>> SharedModel::run(ArrayRef<Array> inputs,
                                               std::vector<Array> &outputs,
                                               int32_t threads, bool inPlace,
                                               int64_t repeat) const {
  std::vector<sextant_tensor> in = makeTensors(inputs);
  std::vector<sextant_tensor> out = makeTensors(outputs);
  std::optional<CacheBuffers> buffers;
  if (inPlace)
    buffers.emplace(signature(), in, out);
  char message[512];
  size_t size = 0;
  if (table->workspace_size(model, in.data(), in.size(), threads, &size,
                            message, sizeof(message)))
    return createStringError(Twine(message));
  std::unique_ptr<void, void (*)(void *)> workspace(
      aligned_alloc(SEXTANT_WORKSPACE_ALIGNMENT, (size + 64) / 64 * 64), free);
  if (!workspace)
    return createStringError("cannot get " + Twine(size) +
                             " bytes of workspace");
  // No numbers, so that a read of what nobody has written shows.
  std::memset(workspace.get(), 0xFF, size);
  for (Array &output : outputs)
    std::memset(output.data.data(), 0xFF, output.data.size());
  sextant_call call = {threads, nullptr, nullptr};
  std::vector<double> seconds;
  for (int64_t i = 0; i < repeat; ++i) {
    auto start = std::chrono::steady_clock::now();
    if (table->run(model, in.data(), in.size(), out.data(), out.size(),
                   workspace.get(), size, &call, message, sizeof(message)))
      return createStringError(Twine(message));
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count());
  }
  if (buffers)
    buffers->readBack();
  return seconds;
}
