using System.Text;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Weights;

public sealed class SafetensorsFileTests
{
    public static readonly TheoryData<SafetensorsError, byte[]> Broken = new()
    {
        { SafetensorsError.FileTooShort, [] },
        { SafetensorsError.FileTooShort, [2, 0, 0, 0, 0, 0, 0] },
        { SafetensorsError.HeaderTooLarge, SafetensorsBytes.File(Encoding.UTF8.GetBytes("{}"), 0, 100_000_001) },
        { SafetensorsError.HeaderTooLarge, SafetensorsBytes.File(Encoding.UTF8.GetBytes("{}"), 0, ulong.MaxValue) },
        { SafetensorsError.HeaderBeyondFile, SafetensorsBytes.File(Encoding.UTF8.GetBytes("{}"), 0, 3) },
        { SafetensorsError.HeaderBeyondFile, SafetensorsBytes.File(Encoding.UTF8.GetBytes("{}"), 0, 100_000_000) },
        { SafetensorsError.HeaderNotUtf8, SafetensorsBytes.File([(byte)'{', (byte)'"', 0xFF, (byte)'"', (byte)':', (byte)'1', (byte)'}'], 0) },
        { SafetensorsError.HeaderNotUtf8, SafetensorsBytes.File("""{"\ud800":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}""", 4) },
        { SafetensorsError.HeaderNotJson, SafetensorsBytes.File("", 0) },
        { SafetensorsError.HeaderNotJson, SafetensorsBytes.File("[]", 0) },
        { SafetensorsError.HeaderNotJson, SafetensorsBytes.File("""{"a":""", 0) },
        { SafetensorsError.HeaderNotJson, SafetensorsBytes.File("{} {}", 0) },
        { SafetensorsError.HeaderTooDeep, SafetensorsBytes.File("""{"a":{"shape":[[1]]}}""", 4) },
        { SafetensorsError.InvalidMetadata, SafetensorsBytes.File("""{"__metadata__":{"a":{"b":{}}}}""", 0) },
        { SafetensorsError.DuplicateKey, SafetensorsBytes.File($$"""{{{SafetensorsBytes.Tensor("a", "F32", "[1]", 0, 4)}},{{SafetensorsBytes.Tensor("a", "F32", "[1]", 4, 8)}}}""", 8) },
        { SafetensorsError.DuplicateKey, SafetensorsBytes.File("""{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4) },
        { SafetensorsError.DuplicateKey, SafetensorsBytes.File("""{"__metadata__":{},"__metadata__":{}}""", 0) },
        { SafetensorsError.InvalidMetadata, SafetensorsBytes.File("""{"__metadata__":{"a":1}}""", 0) },
        { SafetensorsError.InvalidMetadata, SafetensorsBytes.File("""{"__metadata__":[]}""", 0) },
        { SafetensorsError.InvalidTensor, SafetensorsBytes.File("""{"a":1}""", 0) },
        { SafetensorsError.InvalidTensor, SafetensorsBytes.File("""{"a":{"dtype":"F32","shape":[1]}}""", 4) },
        { SafetensorsError.InvalidTensor, SafetensorsBytes.File("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4) },
        { SafetensorsError.InvalidTensor, SafetensorsBytes.File("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4) },
        { SafetensorsError.InvalidTensor, SafetensorsBytes.File("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", 4) },
        { SafetensorsError.InvalidTensor, SafetensorsBytes.File("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}""", 4) },
        { SafetensorsError.UnknownDataType, SafetensorsBytes.File($$"""{{{SafetensorsBytes.Tensor("a", "F33", "[1]", 0, 4)}}}""", 4) },
        { SafetensorsError.SizeOverflow, SafetensorsBytes.File($$"""{{{SafetensorsBytes.Tensor("a", "F32", "[4294967296,4294967296]", 0, 4)}}}""", 4) },
        { SafetensorsError.SizeOverflow, SafetensorsBytes.File($$"""{{{SafetensorsBytes.Tensor("a", "F32", "[4611686018427387904]", 0, 0)}}}""", 0) },
        { SafetensorsError.SizeOverflow, SafetensorsBytes.File($$"""{{{SafetensorsBytes.Tensor("a", "U8", "[18446744073709551615]", 0, 4)}}}""", 4) },
        { SafetensorsError.OffsetsReversed, SafetensorsBytes.File($$"""{{{SafetensorsBytes.Tensor("a", "F32", "[1]", 4, 0)}}}""", 4) },
        { SafetensorsError.OffsetsNotContiguous, SafetensorsBytes.File($$"""{{{SafetensorsBytes.Tensor("a", "F32", "[1]", 4, 8)}}}""", 8) },
        { SafetensorsError.OffsetsNotContiguous, SafetensorsBytes.File($$"""{{{SafetensorsBytes.Tensor("a", "F32", "[1]", 0, 4)}},{{SafetensorsBytes.Tensor("b", "F32", "[1]", 8, 12)}}}""", 12) },
        { SafetensorsError.OffsetsNotContiguous, SafetensorsBytes.File($$"""{{{SafetensorsBytes.Tensor("a", "F32", "[2]", 0, 8)}},{{SafetensorsBytes.Tensor("b", "F32", "[1]", 4, 8)}}}""", 8) },
        { SafetensorsError.SizeMismatch, SafetensorsBytes.File($$"""{{{SafetensorsBytes.Tensor("a", "F32", "[2]", 0, 4)}}}""", 4) },
        { SafetensorsError.SizeMismatch, SafetensorsBytes.File($$"""{{{SafetensorsBytes.Tensor("a", "BF16", "[2,3]", 0, 24)}}}""", 24) },
        { SafetensorsError.FileLengthMismatch, SafetensorsBytes.File($$"""{{{SafetensorsBytes.Tensor("a", "F32", "[1]", 0, 4)}}}""", 3) },
        { SafetensorsError.FileLengthMismatch, SafetensorsBytes.File($$"""{{{SafetensorsBytes.Tensor("a", "F32", "[1]", 0, 4)}}}""", 5) },
        { SafetensorsError.FileLengthMismatch, SafetensorsBytes.File("{}", 1) },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_broken_file_is_refused_with_its_kind_of_error(SafetensorsError expected, byte[] bytes)
    {
        SafetensorsException error = Assert.Throws<SafetensorsException>(() => SafetensorsBytes.Open(bytes));
        Assert.Equal(expected, error.Error);
        Assert.Contains(expected.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_kind_of_error_has_a_file()
    {
        HashSet<SafetensorsError> seen = [.. Broken.Select(row => row.Data.Item1)];
        Assert.Equal(Enum.GetValues<SafetensorsError>(), seen.Order());
    }

    [Fact]
    public void Tensors_come_in_order_of_their_offsets_whatever_the_header_says_first()
    {
        string header = $$"""{{{SafetensorsBytes.Tensor("b", "BF16", "[2,2]", 4, 12)}},"__metadata__":{"format":"pt"},{{SafetensorsBytes.Tensor("a", "F32", "[]", 0, 4)}},{{SafetensorsBytes.Tensor("none", "F32", "[0,3]", 12, 12)}}}   """;
        IReadOnlyList<SafetensorsEntry> entries = SafetensorsBytes.Open(SafetensorsBytes.File(header, 12));
        Assert.Equal(["a", "b", "none"], entries.Select(entry => entry.Name));
        Assert.Equal("(2, 2)", entries[1].ShapeText);
    }

    [Fact]
    public void Random_damage_is_refused_or_read_but_never_crashes()
    {
        string header = $$"""{{{SafetensorsBytes.Tensor("a", "F32", "[2,2]", 0, 16)}},{{SafetensorsBytes.Tensor("b", "F16", "[4]", 16, 24)}}}""";
        byte[] whole = SafetensorsBytes.File(header, 24);
        Random random = new(5);
        int refused = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] damaged = [.. whole];
            for (int hits = random.Next(1, 4); hits > 0; hits--)
                damaged[random.Next(damaged.Length - 24)] = (byte)random.Next(256);
            if (random.Next(4) == 0)
                damaged = damaged[..random.Next(damaged.Length)];
            try
            {
                ParseInMemory(damaged);
            }
            catch (SafetensorsException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1000, 2000);
    }

    private static void ParseInMemory(byte[] bytes)
    {
        int length = SafetensorsHeader.Length("file", bytes.AsSpan(0, Math.Min(8, bytes.Length)), bytes.Length);
        foreach (SafetensorsEntry entry in SafetensorsHeader.Parse("file", bytes.AsSpan(8, length), bytes.Length - 8 - length))
            Assert.InRange(entry.End, entry.Begin, bytes.Length - 8 - length);
    }
}
