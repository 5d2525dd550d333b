//===- AttentionKernel.h - the functions behind attention -------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// One function does the rows of one block: the query rows of all heads that
// share a key head, numbered head by head. Many rows work on packed keys and
// values. Few rows would not pay for the packing: they read keys and values as
// they lie, each once for all rows, and one chunk of the keys leaves a state
// that is merged with those of the others.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_CPUKERNELS_ATTENTIONKERNEL_H
#define SEXTANT_LIB_CPUKERNELS_ATTENTIONKERNEL_H

#include "ScoreVectorizer.h"

#include "sextant/CpuKernels/CpuKernels.h"
#include "sextant/CpuKernels/RegisterTile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <array>
#include <memory>
#include <optional>

namespace mlir::sextant::cpu {

/// What of an attention is static.
struct AttentionShape {
  int64_t heads, keyHeads, keySize, valueSize;
  /// Query rows of a block and keys of a block, of few rows `fewKeys`.
  int64_t blockRows, blockKeys, fewKeys;
  /// Up to `fewestRows` work on keys and values as they lie, and up to
  /// `fewRows` on more keys than `packedKeys` for each row: what is packed
  /// should stay in the cache.
  int64_t fewestRows, fewRows, packedKeys;

  static AttentionShape of(AttentionOp op, const VectorUnit &unit);
  int64_t group() const { return heads / keyHeads; }
  int64_t valuePanels(const VectorUnit &unit) const {
    return (valueSize + unit.columns() - 1) / unit.columns();
  }
};

/// Planes that turn while they are read.
struct Turn {
  bool interleaved = false;
  int64_t first = 0, count = 0;
  Value cosine, sine;
};

/// Writes the functions of one attention.
class AttentionKernel {
public:
  AttentionKernel(AttentionOp op, const VectorUnit &unit);
  ~AttentionKernel();

  /// `@sextant_pack_keys(key, tables that turn it, packed, slot, batch, head,
  /// panelBegin, panelEnd)`: panels of as many keys as a tile has columns, each
  /// transposed.
  func::FuncOp buildPackKeys(OpBuilder &builder);
  /// `@sextant_pack_values(value, packed, slot, batch, head, rowBegin,
  /// rowEnd)`: panels of as many columns as a tile has.
  func::FuncOp buildPackValues(OpBuilder &builder);
  /// `@sextant_attention(operands of the op but key and value, keys, values,
  /// slot, keyCount, batch, head, rowBegin, rowEnd)`: `slot` is the place of
  /// this head in the packed keys and values.
  /// With `Rows::few`, `@sextant_attention_few_rows(operands of the op but key
  /// and value, key, value, states, slot, chunk, chunkBegin, chunkEnd,
  /// keyCount, batch, head, rowBegin, rowEnd)` for the keys of one chunk, whose
  /// state has the place `slot`; a chunk of all keys leaves results instead.
  /// With `Rows::one`, `@sextant_attention_one_row` of the same operands for
  /// the only row of a head.
  /// With `Rows::each`, `@sextant_attention_each_head` of the same operands but
  /// the last three, and instead `stride`, for the only rows of all heads: the
  /// keys one after the other, each of all heads, whose states are `stride`
  /// slots apart.
  enum class Rows { many, few, one, each };
  func::FuncOp buildBlock(OpBuilder &builder, Rows rows);
  /// `@sextant_seen_keys(operands of the op but key and value, keyCount, batch,
  /// head, rows) -> (begin, end)`: the keys that blocks of these rows may
  /// touch, counted from the first there is; null if those are all.
  func::FuncOp buildSeenKeys(OpBuilder &builder);
  /// `@sextant_merge_chunks(operands of the op but key and value, states,
  /// slot, chunks, batch, head, rows)`: the results of few rows from the states
  /// from `slot` on.
  func::FuncOp buildMerge(OpBuilder &builder);

  const AttentionShape &getShape() const { return shape; }
  /// Whether few rows have functions of their own.
  bool takesFewRows();
  /// Whether the only rows of all heads have a function of their own, for keys
  /// and values whose heads lie side by side.
  bool takesEachHead();
  MemRefType getPackedKeysType() const;
  MemRefType getPackedValuesType() const;
  /// The states of few rows, by head and then chunk: the row's sums, not yet
  /// divided, and behind them the maximum and the sum of the weights.
  MemRefType getStatesType() const;
  /// The operands that a block takes in the order it takes them.
  SmallVector<Value> getBlockOperands();
  SmallVector<Value> getKeyOperands();

private:
  /// Rows of a tile of few, of which some keys leave registers for both
  /// factors.
  static constexpr int64_t kDotRows = 4;

  // Scalars.
  Value constant(int64_t value);
  Value constantOf(Type type, double value);
  Value add(Value lhs, Value rhs);
  Value sub(Value lhs, Value rhs);
  Value mul(Value lhs, int64_t factor);
  Value minimum(Value lhs, Value rhs);
  Value maximum(Value lhs, Value rhs);
  Value less(Value lhs, Value rhs);
  Value ceilDiv(Value lhs, int64_t rhs);
  void forEach(Value lower, Value upper, int64_t step,
               function_ref<void(Value)> body);
  void buildIf(Value condition, function_ref<void()> body);
  Value at(Value memref, ArrayRef<OpFoldResult> offsets,
           ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> shape);
  SmallVector<Value> indicesOf(Layout layout, Value batch, Value head,
                               Value row, Value column);
  /// A vector or an element of f32 from memory that may hold f16 or bf16, and
  /// back.
  Value loadWide(Value memref, ValueRange indices, int64_t lanes);
  Value loadElement(Value memref, ValueRange indices);
  void storeNarrow(Value vector, Value memref, ArrayRef<Value> indices,
                   int64_t columns);
  /// Two vectors of turned planes and the columns where they belong, which
  /// hold planes from `plane` on of the vector that `indices` ends in.
  std::array<std::pair<Value, Value>, 2>
  loadTurned(const Turn &turn, Value memref, SmallVector<Value> indices,
             Value row, Value plane, int64_t lanes);
  std::optional<Turn> getTurn(std::optional<ArrayRef<int64_t>> rotation);
  int64_t getColumns() const { return shape.valuePanels(unit) * width; }
  /// Those behind the value's, which count what entries of its table weigh.
  int64_t getHistogramColumns();
  int64_t getBlockKeys() const { return few ? shape.fewKeys : shape.blockKeys; }
  /// Whether the sums of so many rows fit in registers with all their columns:
  /// then values are read one row after the other, as keys are.
  bool readsWholeRows(int64_t rows) const {
    return rows == 1 && shape.valueSize <= 8 * unit.lanes;
  }
  /// Whether the rows of a block are of one head.
  bool hasOneHead() const { return shape.group() == 1 && !isEachHead; }

  /// A private function that is called and not inlined: one copy in the
  /// library.
  func::FuncOp createFunction(StringRef name, TypeRange types);

  // Packing.
  void packKeyPanel(Value key, Value panel, Value batch, Value head,
                    Value firstKey);

  // Blocks.
  std::unique_ptr<Region> lowerTerms(const DenseSet<unsigned> &without);
  void prepareScore();
  void bindOperands(Block *entry, Block::args_iterator &argument);
  void loadOrigin();
  void countTiles();
  void loadQueries();
  void clearSums(Value firstRow, Value endRow, int64_t firstColumn,
                 int64_t endColumn);
  /// Keys, counted from the first one there is, that rows [first, last] of the
  /// block may see, or on which the terms that can be left out do nothing.
  std::pair<Value, Value> buildKeyRange(Value first, Value last, bool inert);
  /// Of what a value of the score region is a function among the rows of the
  /// block; nothing if it cannot be read outside of the region.
  std::optional<TermPositions> findPositions(Value value);
  std::optional<TermPositions> findPositions(Value value, bool oneHead);
  /// That value for a query and a key at these positions.
  Value readAt(Value value, Value query, Value key);
  void buildRanges();
  /// Finds whether rows may leave out keys that they do not see.
  void prepareRanges();
  /// Keys that rows [first, last] of the block have to visit.
  std::pair<Value, Value> buildVisited(Value first, Value last);
  void buildKeyBlock(Value keyBegin, Value keyEnd);
  void forEachTile(function_ref<void(int64_t rows, Value row)> body);
  /// Keys of the block from `keyBegin` that the tile of `row` sees.
  Value keysOfTile(Value row, Value keyBegin, Value keyEnd);
  void buildProducts(Value keyBegin, Value keyEnd);
  /// Whether the score region is best applied to a tile of products while it is
  /// in registers.
  bool canScoreTiles();
  /// The score region of a tile, a choice of it where inert terms do nothing or
  /// tables by distance have one entry for the tile.
  void forEachScore(int64_t rows, Value row, Value firstKey,
                    function_ref<void(ScoreVectorizer *score)> body);
  /// Whether the tile lies before or behind all that tables by distance tell
  /// apart, whose entries there become those of panels far away; null if there
  /// is no such table.
  Value isFarFromTables(int64_t rows, Value row, Value firstKey);
  /// Writes a tile of products to the scores, whole panels through the region.
  void storeProducts(int64_t rows, Value row, Value keyBegin, Value keyEnd,
                     Value column, ArrayRef<Value> products);
  void sizeTilesOfFew();
  void forEachTileOfFew(function_ref<void(int64_t rows, Value row)> body);
  /// Scores of few rows: dot products with keys as they lie.
  void buildDots(Value keyBegin, Value keyEnd);
  void buildDotsOf(int64_t rows, Value row, ArrayRef<Value> keyRows,
                   Value column);
  /// Finds whether products of four rows can be computed for several rows in a
  /// vector, which leaves fewer sums to add up, and makes room for those.
  void prepareRowsSideBySide();
  /// Copies queries to where several rows lie in a vector.
  void arrangeQueries();
  /// Keys that such rows meet at once.
  int64_t getKeysSideBySide() const;
  void buildDotsSideBySide(Value row, Value keys, ArrayRef<Value> keyRows,
                           Value column);
  void prefetchRow(Value memref, Layout layout, Value head, Value row,
                   Value first, int64_t size, unsigned locality,
                   bool isWrite = false);
  void buildWeightedSum(Value keyBegin, Value keyEnd);
  void buildWeightedSumOfFew(Value keyBegin, Value keyEnd);
  /// The part of it that `window` keys from `first` on add to some rows, or
  /// `size` where that is 0.
  void addWeighted(int64_t rows, Value row, Value keyBegin, Value first,
                   Value size, int64_t window);
  int64_t getRowsAhead(Value memref);
  void storeResults();
  void storeStates(Value state);
  /// Goes through keys or values, and for each through the rows of all heads.
  void forEachHeadOfKeys(Value memref, Layout layout, Value keyBegin,
                         Value keyEnd,
                         function_ref<void(Value column, Value row)> body);
  /// The two products of the rows of all heads, and their states.
  void buildDotsOfEach(Value keyBegin, Value keyEnd);
  void buildWeightedSumOfEach(Value keyBegin, Value keyEnd);
  void storeStatesOfEach(Value states, Value stride);
  void storeChunk(Value chunkBegin, Value chunkEnd,
                  function_ref<void()> storeStates);
  /// Writes the result of `row` from its sums, not yet divided.
  void storeRow(Value row, Value sum, Value peak,
                function_ref<Value(Value column)> loadSums);
  std::pair<Value, Value> headAndQuery(Value row);

  // Vectors by distance.
  /// `entry` of a table for the row being written, at `column`.
  SmallVector<Value> tableIndices(Value table, AuxiliaryAttr roles, Value entry,
                                  Value column);
  /// Keys from `keyBegin` on that lie before those which the table tells
  /// apart, for the query of the row being written, and those up to their end;
  /// neither is limited to the keys that there are.
  std::pair<Value, Value> getNearKeys(AuxiliaryAttr roles, Value entries,
                                      Value keyBegin);
  /// Adds a weight to an entry of the histogram.
  void addToEntry(Value row, Value column, Value weight);
  Value sumOfWeights(Value row, Value from, Value to);
  void countWeights(Value row, Value keyBegin, Value count);
  void countByLabel(Value row, Value keyBegin, Value count);
  void addRelativeValues(Value row);
  /// All rows at once, where whole tiles of them read one table.
  bool canAddRelativeValuesByTiles();
  void addRelativeValuesByTiles();
  /// How many of the table's entries any key that is seen has.
  int64_t getSeenEntries();
  /// How many tables weight the products of a block: one for each query head
  /// of a group, where they differ.
  int64_t getModulationTables();
  Value modulationTableOf(Value rowHead);
  void prepareModulation();
  void prepareModulationOf(Value ownHead, Value rowsBegin, Value rowsEnd);
  /// The first and the last query of a tile.
  std::pair<Value, Value> queriesOf(Value row, int64_t rows);
  void buildWeightedProducts(int64_t rows, Value row, Value panel,
                             Value firstKey, Value column,
                             function_ref<void(Value queries)> buildPlain);

  // Piecewise linear terms.
  /// Replaces them in `region` by what is read from their rows.
  void readPieces(Block &region);
  void allocatePieces();
  /// Computes what they add to the row that is being written, in `count` keys
  /// from `keyBegin` on.
  void buildPieces(Value keyBegin, Value count);

  // Softmax of a row over one block.
  void buildSoftmax(Value row, Value keyBegin, Value count);
  /// The score region of one row; returns what its exponents count against,
  /// in every lane, and moves its sums there.
  Value buildMaximum(Value row, Value keyBegin, Value count);
  /// The score region for a vector of keys, the first at `column` of the block;
  /// with `left`, so many are there.
  Value buildScore(ScoreVectorizer &score, Value x, Value keyBegin,
                   Value column, Value left);
  SmallVector<Value> buildScores(Value row, Value keyBegin, Value panel,
                                 ScoreVectorizer *score, Value tailCount,
                                 ValueRange running);
  SmallVector<Value> buildMaximumLoop(Value row, Value keyBegin, Value lower,
                                      Value upper, ScoreVectorizer *score,
                                      ValueRange running);
  /// Apart for panels before and behind all that tables by distance tell
  /// apart, for which an entry is one number.
  SmallVector<Value> buildMaximumLoops(Value row, Value keyBegin, Value lower,
                                       Value upper, ScoreVectorizer *score,
                                       ValueRange running);
  bool isTableByDistance(unsigned auxiliary);
  /// Panels of a row that lie before those which tell distances apart, and
  /// those up to where they end.
  std::pair<Value, Value> getNearPanels(AuxiliaryAttr roles, Value entries,
                                        Value keyBegin);
  /// What the regions compute once a row.
  void buildUniform(Value row);
  void bindRow(Value row, ScoreVectorizer &score);
  bool isVarying(unsigned auxiliary);
  /// Entries of each score, which the softmax of these rows will read: as many
  /// as scores, they come from far away, and products leave time for that.
  void prefetchAuxiliaries(int64_t rows, Value row, Value firstKey,
                           unsigned locality);
  Value loadAuxiliary(unsigned number, Value keyBegin, Value column,
                      Value count);
  Value gatherAuxiliary(unsigned number, Value firstKey);
  /// Copies of tables by distance whose outer entries go on for a vector on
  /// either side: what lies across an end is then a load like any other.
  void allocateWideTables();
  void fillWideTables(bool ofRow);
  bool differsByRow(unsigned auxiliary);
  // Tables of keys by distance, and what keys have for each query.
  bool isReadByDiagonals(unsigned auxiliary);
  bool isReadByColumns(unsigned auxiliary);
  bool hasRowsOfKeys(unsigned auxiliary);
  void allocateDiagonals();
  /// Writes what the rows of the block read for these keys row by row.
  void fillDiagonals(Value keyBegin, Value keyEnd);
  void fillDiagonalsOf(unsigned auxiliary, Value keyBegin, Value keyEnd);
  void fillColumnsOf(unsigned auxiliary, Value keyBegin, Value keyEnd);
  /// Writes squares of rows and keys, `bindRows` once for those of some rows,
  /// and row by row, up to some key, what is no square.
  using Square = function_ref<void(Value row, Value column)>;
  void forEachSquare(Value keyBegin, Value keyEnd,
                     function_ref<void()> bindRows, Square fillSquare,
                     Square fillRow);
  /// The memref's index for each role, with `key` and `distance` as given.
  SmallVector<Value> auxiliaryIndices(unsigned number, Value key,
                                      Value distance);
  /// The weight of each score whose difference from its row's largest is given.
  SmallVector<Value> buildWeights(ArrayRef<Value> differences);

  AttentionOp op;
  VectorUnit unit;
  AttentionShape shape;
  bool few = false;

  OpBuilder *builder = nullptr;
  Location loc;
  VectorType vectorType;
  int64_t width;

  // Of the function being written.
  Value query, keys, values, init, logSumExp, sink, batch, head, rowBegin,
      rowEnd, keyCount, queryCount, slot, chunk;
  SmallVector<Value> auxiliaries, captures, dynamicOrigin;
  SmallVector<Value> origin; // batch, head, query, key
  std::optional<Turn> queryTurn, keyTurn;
  Value modulation, valueTable;
  // Scratch. `weights` are the modulation's tables with their entries side by
  // side and a panel of the outer ones on either side; of the queries before
  // and behind them all products have one weight.
  Value weights, queriesBefore, queriesBehind;
  Value queryTile, scores, accumulator, maxima, sums, limits;
  /// Null where rows are never side by side. Otherwise the keys as they are if
  /// `isDense`: then the distance of their rows is known.
  Value queriesSideBySide, denseKeys, isDense;
  /// For each row the keys of the block whose weights are not in the histogram
  /// yet, and for each table by distance the entry of panels far away.
  Value nearFirst, nearEnd;
  DenseMap<unsigned, Value> farEntries;
  // Rows of the block with those that fill up its last tile, and where the
  // tiles of fewer rows begin.
  Value paddedRows, shortTiles;
  // Of few rows, the rows of a tile.
  Value tileRows;
  bool isOneRow = false, isEachHead = false;
  // Whether the block of keys is the row block's first, before which nothing
  // is in the accumulator.
  Value isFirst;
  // The score region with its terms lowered, complete and without what does
  // nothing on inert keys.
  std::unique_ptr<Region> full, reduced;
  std::unique_ptr<ScoreVectorizer> fullScore, reducedScore;
  /// Whether whole panels are scored where their products are stored.
  bool scoresTiles = false;
  bool hasRanges = false, hasInert = false, isPlain = false;
  /// Whether scores are to base 2, queries being multiplied by log2 e: where
  /// the region, if there is one, only hides.
  bool isBaseTwo = false;
  /// Whether keys are left out at all, and where that depends on the lengths,
  /// if it is not so.
  bool skips = true;
  Value unlimited;
  DenseSet<unsigned> inertTerms;
  Value blockFirst, blockEnd, inertFirst, inertEnd, scanFirst, scanEnd;
  /// A piecewise linear term: operands, its row, and the first line that any
  /// distance has.
  struct Piece {
    Value lengths, factors, bounds, slopes, heights;
    Value row, firstLine;
  };
  SmallVector<Piece> pieces;
  /// By auxiliary, see `allocateWideTables`.
  DenseMap<unsigned, Value> wideTables;
  /// By auxiliary, what the rows of a block read for its keys, and of a table
  /// by distance what they read for those before and behind all distances that
  /// the table tells apart.
  struct Diagonals {
    Value rows, outer;
  };
  DenseMap<unsigned, Diagonals> diagonals;
  // Of the row being written.
  Value rowHead, rowQuery, boundRow;
  bool uniformRows = false;
};

} // namespace mlir::sextant::cpu

#endif // SEXTANT_LIB_CPUKERNELS_ATTENTIONKERNEL_H
