// SPDX-License-Identifier: MIT
#include "lstmlib/io/npy_header.hpp"
#include "lstmlib/io/pickle_reader.hpp"
#include "lstmlib/io/pickle_writer.hpp"
#include "lstmlib/io/zip_reader.hpp"

#include "expected.hpp"

using namespace lstmlib;
using namespace lstmlib::io;
using namespace lstmlib::test;
using namespace std::string_literals;

namespace {

Value read(const std::string& pickle) { return parse_pickle(std::as_bytes(std::span(pickle)), "p"); }
std::string shown(const std::string& pickle) { return describe(read(pickle)).dump(); }
std::string refusal(const std::string& pickle) {
  return error_of([&] { read(pickle); });
}
std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int at = 0; at < bytes; ++at) text.push_back(static_cast<char>(value >> (8 * at)));
  return text;
}
Value copy(const Value& value) { return parse_pickle(format_pickle(value), "copy"); }

/// The pickle that NumPy writes behind the head of this file.
std::vector<std::byte> pickle_in(const std::filesystem::path& npy) {
  std::vector<std::byte> bytes = read_file(npy);
  MemorySource source(bytes, npy.string());
  read_npy_header(source);
  return {bytes.begin() + static_cast<std::ptrdiff_t>(source.position()), bytes.end()};
}

}  // namespace

TEST_CASE("pickle: plain values of every opcode") {
  CHECK(shown("N.") == "null");
  CHECK(shown("\x88.") == "true");
  CHECK(shown("\x89.") == "false");
  CHECK(shown("I01\n.") == "true");
  CHECK(shown("I-12\n.") == "-12");
  CHECK(shown("L123L\n.") == "123");
  CHECK(shown("K\xFF.") == "255");
  CHECK(shown("M\xFF\xFF.") == "65535");
  CHECK(shown("J" + little(0x80000000, 4) + ".") == "-2147483648");
  CHECK(shown("\x8a\0."s) == "0");
  CHECK(shown("\x8a\x01\xFF.") == "-1");
  CHECK(shown("\x8a\x08" + little(1ULL << 63, 8) + ".") == "-9223372036854775808");
  CHECK(shown("\x8b" + little(2, 4) + "\x00\x80."s) == "-32768");
  CHECK(shown("F1.5e3\n.") == "1500.0");
  CHECK(shown("Fnan\n.") == "\"nan\"");
  CHECK(shown("G\x3F\xF8\0\0\0\0\0\0."s) == "1.5");
  CHECK(shown("S'a\\x41\\n\\'\\101'\n.") == "\"aA\\n'A\"");
  CHECK(shown("S\"caf\\xc3\\xa9\"\n.") == "\"caf\xC3\xA9\"");
  CHECK(shown("U\x03\xC3\xA9x.") == "\"\xC3\xA9x\"");
  CHECK(shown("T" + little(1, 4) + "x.") == "\"x\"");
  CHECK(shown("Vcaf\xE9 \\u4e2d\\U0001f600\\u005c\n.") == "\"caf\xC3\xA9 \xE4\xB8\xAD\xF0\x9F\x98\x80\\\\\"");
  CHECK(shown("X" + little(2, 4) + "\xC3\xA9.") == "\"\xC3\xA9\"");
  CHECK(shown("\x8c\x01x.") == "\"x\"");
  CHECK(shown("\x8d" + little(1, 8) + "x.") == "\"x\"");
  CHECK(shown("C\x02\xFFx.") == "\"hex:ff78\"");
  CHECK(shown("B" + little(1, 4) + "x.") == "\"hex:78\"");
  CHECK(shown("\x8e" + little(1, 8) + "x.") == "\"hex:78\"");
  CHECK(shown("\x96" + little(1, 8) + "x.") == "\"hex:78\"");
  CHECK(shown("].") == "[]");
  CHECK(shown("(K\x01K\x02l.") == "[1,2]");
  CHECK(shown("]K\x01"
              "a.") == "[1]");
  CHECK(shown("](K\x01K\x02"
              "e.") == "[1,2]");
  CHECK(shown(").") == "[]");
  CHECK(shown("K\x01\x85.") == "[1]");
  CHECK(shown("K\x01K\x02\x86.") == "[1,2]");
  CHECK(shown("K\x01K\x02K\x03\x87.") == "[1,2,3]");
  CHECK(shown("(K\x01K\x02K\x03K\x04t.") == "[1,2,3,4]");
  CHECK(shown("}.") == "{}");
  CHECK(shown("(Va\nK\x01"
              "d.") == "{\"a\":1}");
  CHECK(shown("}Vb\nK\x01s(Va\nK\x02u.") == "{\"b\":1,\"a\":2}");
  CHECK(shown("K\x05p3\n0g3\n.") == "5");
  CHECK(shown("K\x05q\x01"
              "0h\x01.") == "5");
  CHECK(shown("K\x05r" + little(3, 4) + "0j" + little(3, 4) + ".") == "5");
  CHECK(shown("]K\x05\x94"
              "ah\0a."s) == "[5,5]");
  CHECK(shown("K\x05"
              "2\x86.") == "[5,5]");
  CHECK(shown("(K\x01K\x02"
              "1N.") == "null");
  CHECK(shown("(0N.") == "null");
  CHECK(shown("\x80\x04\x95" + little(2, 8) + "N.") == "null");
  CHECK(shown("c_codecs\nencode\n(Va\\u00e9\nVlatin1\ntR.") == "\"hex:61e9\"");
}

TEST_CASE("pickle: names and opcodes that could run something are refused by name") {
  CHECK(refusal("cposix\nsystem\n(Vtouch x\ntR.") ==
        "p: byte 0: pickle: 'posix.system' is not allowed: only plain data and numpy's arrays are; save "
        "numbers, texts, lists, "
        "dicts and arrays, or name the arrays in an .npz file");
  CHECK(refusal("\x8c\x08"
                "builtins\x8c\x04"
                "eval\x93.")
            .find("'builtins.eval' is not allowed") != std::string::npos);
  CHECK(refusal("cnumpy\nload\n.").find("'numpy.load'") != std::string::npos);
  CHECK(refusal("cnumpy.core.multiarray\nfromfile\n.").find("not allowed") != std::string::npos);
  CHECK(refusal("(ios\nsystem\n.").find("INST") != std::string::npos);
  const std::pair<char, const char*> opcodes[] = {
      {'o', "OBJ"},          {'\x81', "NEWOBJ"},    {'\x92', "NEWOBJ_EX"},   {'P', "PERSID"},
      {'Q', "BINPERSID"},    {'\x82', "EXT1"},      {'\x83', "EXT2"},        {'\x84', "EXT4"},
      {'\x8f', "EMPTY_SET"}, {'\x91', "FROZENSET"}, {'\x97', "NEXT_BUFFER"}, {'\xff', "unknown opcode 255"}};
  for (const auto& [opcode, name] : opcodes)
    CHECK(refusal("(N" + std::string(1, opcode) + "\n.").find(name) != std::string::npos);
  // The parts of arrays are words here: none can be called for anything else, or be a value.
  CHECK(refusal("cnumpy\nndarray\n(K\x01tR.").find("call of numpy.ndarray") != std::string::npos);
  CHECK(refusal("cnumpy\nndarray\n.").find("'global' where a value is expected") != std::string::npos);
  CHECK(refusal("c_codecs\nencode\n(Va\nVhex\ntR.").find("latin1") != std::string::npos);
  CHECK(refusal("N(tR.").find("call of 'None'") != std::string::npos);
  CHECK(refusal("](tb.").find("a state for 'list'") != std::string::npos);
}

TEST_CASE("pickle: the names of arrays' parts are refused in any other module") {
  for (const char* name : {"_reconstruct", "ndarray", "dtype", "encode", "_frombuffer", "scalar"})
    for (const char* module : {"os", "evil", "", "numpy.core", "numpy.core.multiarray.x",
                               "numpy.core.numeric.x", "_codecs.x", "builtins", "Numpy", "codecs"}) {
      const std::string wanted = "'" + std::string(module) + "." + name + "' is not allowed";
      CAPTURE(wanted);
      CHECK(refusal("c" + std::string(module) + "\n" + name + "\n.").find(wanted) != std::string::npos);
      const auto text = [](const std::string& word) {
        return "\x8c" + std::string(1, static_cast<char>(word.size())) + word;
      };
      CHECK(refusal(text(module) + text(name) + "\x93.").find(wanted) != std::string::npos);
    }
  CHECK(refusal("cnumpy\nscalar\n.").find("not allowed") != std::string::npos);
  CHECK(refusal("cnumpy.core.multiarray\nndarray\n.").find("not allowed") != std::string::npos);
}

TEST_CASE("pickle: the memo has no more places than bytes were read, so that it cannot be a bomb") {
  const std::string before = "K\x05r";  // 7 bytes are read when the place is known
  CHECK(shown(before + little(7, 4) + ".") == "5");
  CHECK(refusal(before + little(8, 4) + ".").find("memo index 8 is out of order") != std::string::npos);
  CHECK(shown("K\x05q\x04.") == "5");
  CHECK(refusal("K\x05q\x05.").find("memo index 5 is out of order") != std::string::npos);
  CHECK(shown("K\x05p5\n.") == "5");
  CHECK(refusal("K\x05p6\n.").find("memo index 6 is out of order") != std::string::npos);
  // 64 KiB would otherwise make gigabytes.
  const std::string large = std::string(1 << 15, 'N') + std::string(1 << 15, '0') + before;
  CHECK(refusal(large + little(1 << 28, 4) + ".").find("memo index 268435456 is out of order") !=
        std::string::npos);
}

TEST_CASE("pickle: what protocols 0 to 2 write by calls, and Python's other dicts, are data") {
  CHECK(shown("c__builtin__\nbytes\n)R.") == "\"hex:\"");
  CHECK(shown("c__builtin__\nbytes\n(tR.") == "\"hex:\"");
  CHECK(shown("c__builtin__\nbytearray\n(Va\\u00e9\nVlatin-1\ntR.") == "\"hex:61e9\"");
  CHECK(shown("cbuiltins\nbytearray\nC\1x\x85R.") == "\"hex:78\"");
  CHECK(shown("ccollections\nOrderedDict\n)R(Vz\nK\1Va\nK\2u.") == "{\"z\":1,\"a\":2}");
  CHECK(shown("ccollections\nOrderedDict\n((lp0\n(lp1\nVz\naK\1aatR.") == "{\"z\":1}");  // Python 2
  CHECK(shown("ccollections\ndefaultdict\nc__builtin__\nint\n\x85R(Va\nK\2u.") == "{\"a\":2}");
  CHECK(shown("ccollections\nCounter\n}Va\nK\2s\x85R.") == "{\"a\":2}");
  CHECK(refusal("ccollections\nOrderedDict\nK\1\x85R.").find("save dict(x)") != std::string::npos);
  CHECK(refusal("ccollections\nOrderedDict\n)R}b.").find("save dict(x)") != std::string::npos);
  // Keys that are tuples.
  const Value keyed = read("}(K\1Va\n\x86K\5K\1Vb\n\x86K\6u.");
  const Dict& pairs = *keyed.get_if<Dict>();
  CHECK(pairs.size() == 2);
  CHECK(pairs[1].first == Value(Tuple{{1, "b"}}));
  CHECK(refusal("}(K\1Va\n\x86K\5K\1Va\n\x86K\6u.").find("twice") != std::string::npos);
  CHECK(refusal("}(K\1]\x86K\5u.").find("'list' as a key") != std::string::npos);
}

TEST_CASE("pickle: a type's metadata does not matter, whatever it names") {
  const std::string type = "cnumpy\ndtype\n(VO8\nI00\nI01\ntR(I4\nV|\nNNNI-1\nI-1\nI63\n";
  const auto array = [&](const std::string& metadata) {
    return "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntC\1btR(I1\n(I1\nt" + type +
           metadata + "tbI00\n(lVwarm\natb.";
  };
  for (const std::string& metadata :
       {"N"s, "}"s, "}Vvlen\ncbuiltins\nstr\ns"s, "}Vref\nch5py.h5r\nReference\ns"s, "(VD\nI1\nt"s})
    CHECK(read(array(metadata)).get_if<Array>()->objects[0] == Value("warm"));
  CHECK(refusal(array("cposix\nsystem\n(Vtouch x\ntR")).find("'posix.system' is not allowed") !=
        std::string::npos);
}

TEST_CASE("pickle: text of Python 2 comes out right or not at all") {
  CHECK(shown("(dS'caf\\xc3\\xa9'\nI2\ns.") == "{\"caf\xC3\xA9\":2}");
  CHECK(refusal("U\4caf\xE9.")
            .find("a text of Python 2 that is not UTF-8: 'caf\\xe9'; load it with numpy.load(") !=
        std::string::npos);
  CHECK(refusal("(dS'caf\\xe9'\nI2\ns.").find("encoding='latin1'") != std::string::npos);
}

TEST_CASE("pickle: a refusal says what to save instead") {
  const std::pair<std::string, const char*> cases[] = {
      {"\x80\4\x8f(K\1\x90.", "a set is not supported (opcode EMPTY_SET): save list(x)"},
      {"\x80\4(K\1\x91.", "a frozenset is not supported (opcode FROZENSET): save list(x)"},
      {"c__builtin__\nset\n]\x85R.", "'__builtin__.set' is not allowed"},
      {"c__builtin__\nset\n]\x85R.", "save list(x)"},
      {"c__builtin__\ncomplex\nG\0\0\0\0\0\0\0\0G\0\0\0\0\0\0\0\0\x86R."s, "save numpy.array(x)"},
      {"cdatetime\ndate\nC\1x\x85R.", "save x.isoformat()"},
      {"ccollections\ndeque\n)R.", "save list(x)"},
      {"cdecimal\nDecimal\nV1\n\x85R.", "save float(x) or str(x)"},
      {"\x8c\x0cmy_own_class\x8c\1X\x93)\x81.", "'my_own_class.X' is not allowed"},
      {"cnumpy.ma.core\n_mareconstruct\n)R.", "save x.filled()"},
      {"L99999999999999999999L\n.", "not a 64-bit integer"},
  };
  for (const auto& item : cases) {
    const std::string said = refusal(item.first);
    CHECK_MESSAGE(said.find(item.second) != std::string::npos, said);
  }
}

TEST_CASE("pickle: objects of a class are refused however little is on the stack") {
  for (const std::string& pickle :
       {"\x81."s, "\x92."s, "K\1\x81."s, "K\1\x92."s, "K\1K\1\x92."s, "(K\1K\1(\x81."s})
    CHECK(refusal(pickle).find("is not allowed") != std::string::npos);
}

TEST_CASE("pickle: damage is refused") {
  for (const std::string& pickle : {""s,
                                    "."s,
                                    "N"s,
                                    "(."s,
                                    "(N."s,
                                    "NN."s,
                                    "0."s,
                                    "R."s,
                                    "a."s,
                                    "]a."s,
                                    "Na."s,
                                    "NK\x01"
                                    "a."s,
                                    "}(Nu."s,
                                    "}]Ns."s,
                                    "}(NNu(NNu."s,
                                    "u."s,
                                    "t."s,
                                    "\x85."s,
                                    "h\0."s,
                                    "g1\n."s,
                                    "gx\n."s,
                                    "p1\n."s,
                                    "q\0."s,
                                    "\x80\x09N."s,
                                    "I1x\n."s,
                                    "I\n."s,
                                    "I"s,
                                    "L9223372036854775808L\n."s,
                                    "F1,5\n."s,
                                    "S'a\n."s,
                                    "Sa\n."s,
                                    "S'\\x4'\n."s,
                                    "S'\\'\n."s,
                                    "V\\u12\n."s,
                                    "V\\ud800\n."s,
                                    "X\2\0\0\0\xFF\xFF."s,
                                    "X\xFF\xFF\xFF\xFFx."s,
                                    "\x8a\x09"
                                    "123456789."s,
                                    "T\xFF\xFF\xFF\xFF."s,
                                    "\x8b\xFF\xFF\xFF\xFF."s,
                                    "cnumpy\nndarray"s,
                                    "NN\x93."s})
    CHECK_MESSAGE(refusal(pickle).starts_with("p: byte "), printable(pickle));
}

TEST_CASE("pickle: depth and memory are bounded, however values are shared or nested") {
  CHECK(refusal("K\x01r" + little(0xFFFFFFFF, 4) + ".").find("memo index 4294967295") != std::string::npos);
  CHECK(refusal("]\x94h\0a."s).find("a list that contains itself") != std::string::npos);
  CHECK(refusal("}\x94Va\nh\0s."s).find("a dict that contains itself") != std::string::npos);
  CHECK(refusal("]\x94h\0\x85"
                "a."s)
            .find("contains itself") != std::string::npos);
  CHECK(refusal(std::string(200000, ']') + std::string(199999, 'a') + ".").find("256 deep") !=
        std::string::npos);
  CHECK(shown(std::string(250, ']') + std::string(249, 'a') + ".").size() == 500);
  // Two hundred levels around what has two hundred, and so on: each is made before the one that holds it.
  std::string chain = "(";
  for (int at = 0; at < 20; ++at)
    chain += std::string(200, ']') + (at == 0 ? "N"s : "h"s + static_cast<char>(at - 1)) +
             std::string(200, 'a') + "q"s + static_cast<char>(at);
  CHECK(refusal(chain + "l.").find("256 deep") != std::string::npos);
  // An array of a megabyte that a hundred arrays would have a copy of.
  const std::string bytes = "B" + little(1 << 20, 4) + std::string(1 << 20, 'x') + "q\0"s;
  std::string arrays = "(";
  for (int at = 0; at < 100; ++at)
    arrays += "cnumpy.core.numeric\n_frombuffer\n(" + (at == 0 ? bytes : "h\0"s) +
              "cnumpy\ndtype\n(Vu1\nI00\nI01\ntR(I1048576\ntVC\ntR";
  CHECK(refusal(arrays + "l.").find("arrays that share their content would take more than 64 MiB") !=
        std::string::npos);
}

TEST_CASE("pickle: a shared object is in memory once, and written once") {
  // 10^30 leaves in 900 bytes.
  std::string laughs = "]q\0"s;
  for (int level = 1; level <= 30; ++level) {
    laughs += "](";
    for (int item = 0; item < 10; ++item) laughs += "h"s + static_cast<char>(level - 1);
    laughs += "eq"s + static_cast<char>(level);
  }
  const Value nest = read("(" + laughs + "l.");
  CHECK(nest == nest);
  const std::vector<std::byte> written = format_pickle(nest);
  CHECK(written.size() < 1000);
  CHECK(format_pickle(parse_pickle(written, "again")) == written);

  // A text of a thousand bytes, and others, named thousands of times.
  for (const std::string& what :
       {"X" + little(1000, 4) + std::string(1000, 'x'), "B" + little(1000, 4) + std::string(1000, 'x'),
        "c_codecs\nencode\n(X" + little(1000, 4) + std::string(1000, 'x') + "Vlatin1\ntR", "(K\x01K\x02l"s,
        "(K\x01K\x02t"s, "}Va\nK\x01s"s}) {
    std::string many = "(" + what + "q\0"s;
    for (int at = 0; at < 5000; ++at) many += "h\0"s;
    const Value value = read(many + "l.");
    const List& list = *value.get_if<List>();
    REQUIRE(list.size() == 5001);
    CHECK(list[0].identity() != nullptr);
    CHECK(list[0].identity() == list[5000].identity());
    CHECK(format_pickle(value).size() < 12000 + 2 * what.size());
    CHECK(parse_pickle(format_pickle(value), "again") == value);
  }
}

TEST_CASE("pickle: a dict keeps its order, and has no key twice") {
  CHECK(shown("}(Vz\nK\x01Va\nK\x02u.") == "{\"z\":1,\"a\":2}");
  CHECK(refusal("}(Va\nK\x01Va\nK\x02u.").find("the key 'a' twice") != std::string::npos);
  CHECK_NOTHROW(read("}(K\x01K\x01V1\nK\x02u."));
}

TEST_CASE("pickle: values of every kind are written so that they read back equal") {
  const Value values[] = {None{},
                          true,
                          false,
                          0,
                          255,
                          256,
                          65535,
                          65536,
                          -1,
                          -128,
                          -129,
                          2147483647,
                          -2147483648LL,
                          2147483648LL,
                          (std::numeric_limits<std::int64_t>::max)(),
                          (std::numeric_limits<std::int64_t>::min)(),
                          1LL << 39,
                          0.1,
                          -0.0,
                          "",
                          "na\xC3\xAFve",
                          Bytes{"\xFF\0x"s},
                          Bytes{std::string(300, 'b')},
                          List{},
                          List{1},
                          List{1, "two", List{3}},
                          Tuple{},
                          Tuple{{1}},
                          Tuple{{1, 2, 3}},
                          Tuple{{1, 2, 3, 4}},
                          Dict{},
                          Dict{{"a", 1}, {2, List{}}}};
  for (const Value& value : values) CHECK(copy(value) == value);
  List many;
  Dict words;
  for (int at = 0; at < 2001; ++at) {
    many.push_back(at);
    words.emplace_back("w" + std::to_string(at), at);
  }
  CHECK(copy(many) == Value(many));
  CHECK(copy(words) == Value(words));
  const Array arrays[] = {Array::from(std::vector<std::int32_t>{1, 2, 3}, {3}),
                          Array::from(std::vector<double>{}, {0, 2}), Array::from_strings({"a", "bcd"}, {2}),
                          Array::from(std::vector<bool>{true}, {}), Array::from_objects({1, None{}}, {2, 1})};
  for (const Array& array : arrays) CHECK(copy(array) == Value(array));
  Value deep = 1;
  for (int level = 0; level < 300; ++level) deep = List{deep};
  CHECK_THROWS_AS(format_pickle(deep), FormatError);
}

TEST_CASE("pickle: an object array is written as NumPy 1 writes it with protocol 3, byte for byte") {
  const auto folder = fixtures() / "numpy/objects_numpy1";
  for (const char* name : {"protocol_3_vocabulary.npy", "protocol_3_none.npy"})
    CHECK_MESSAGE(format_pickle(read_npy(folder / name)) == pickle_in(folder / name), name);
  const Array data = read_npz(folder / "protocol_3_train.npz").at("data");
  const NpzReader reader(folder / "protocol_3_train.npz");
  const std::vector<std::byte> bytes = read_file(folder / "protocol_3_train.npz");
  const ZipReader zip(bytes, "train");
  ZipMember member = zip.open(zip.entries()[0]);
  CHECK(format_npy(data) == member.read_bytes(member.remaining()));
}
