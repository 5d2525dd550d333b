# cmake -DIN=file -DOUT=file.inc -P EmbedFile.cmake
# The bytes of a file as the elements of a C++ array. `#embed` would do, but a
# compiler cache does not see through it, nor do most compilers have it.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE ${OUT} "${bytes}\n")
