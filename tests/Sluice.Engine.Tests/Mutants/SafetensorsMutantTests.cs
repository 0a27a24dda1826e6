using System.Buffers.Binary;
using Sluice.Engine.Tests.Weights;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Mutants;

public sealed class SafetensorsMutantTests
{
    private static readonly byte[] s_header = System.Text.Encoding.UTF8.GetBytes(
        $$"""{"__metadata__":{"format":"pt"},{{SafetensorsBytes.Tensor("a.weight", "F32", "[2,2]", 0, 16)}},{{SafetensorsBytes.Tensor("b.weight", "F16", "[4]", 16, 24)}},{{SafetensorsBytes.Tensor("c", "BF16", "[]", 24, 26)}},{{SafetensorsBytes.Tensor("none", "F32", "[0,3]", 26, 26)}}}""");

    [Fact]
    public void A_mutant_is_read_as_what_it_says_or_refused() =>
        MutantRun.Default.Over("safetensors", 20_000, Make, Read, typeof(SafetensorsException));

    [Fact]
    public void A_file_cut_at_any_byte_is_refused()
    {
        byte[] whole = SafetensorsBytes.File(s_header, 26);
        Read(whole);
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.Throws<SafetensorsException>(() => Read(whole[..length]));
        }
    }

    /// <summary>The same on disk, as a load opens it, and each byte beyond the end too: a declared error that names the file, and the file is let go of.</summary>
    [Fact]
    public void A_file_on_disk_cut_at_any_byte_or_longer_than_it_says_is_refused_when_it_is_opened()
    {
        byte[] whole = SafetensorsBytes.File(s_header, 26);
        string path = Path.GetTempFileName();
        try
        {
            Dictionary<SafetensorsError, int> errors = [];
            for (int length = 0; length <= whole.Length + 9; length++)
            {
                File.WriteAllBytes(path, [.. whole.AsSpan(0, Math.Min(length, whole.Length)), .. new byte[Math.Max(0, length - whole.Length)]]);
                if (length == whole.Length)
                {
                    using SafetensorsFile file = SafetensorsFile.Open(path);
                    Assert.Equal(4, file.Entries.Count);
                    continue;
                }
                ModelFormatException refusal = Assert.ThrowsAny<ModelFormatException>(() => SafetensorsFile.Open(path).Dispose());
                Assert.Contains(Path.GetFileName(path), refusal.Message, StringComparison.Ordinal);
                SafetensorsError error = Assert.IsType<SafetensorsException>(refusal).Error;
                errors[error] = errors.GetValueOrDefault(error) + 1;
            }
            Console.WriteLine($"safetensors cut or lengthened: {string.Join(", ", errors.Select(pair => $"{pair.Key} {pair.Value} times"))}");
            Assert.Equal(8, errors[SafetensorsError.FileTooShort]);
            Assert.Equal(s_header.Length, errors[SafetensorsError.HeaderBeyondFile]);
            Assert.Equal(26 + 9, errors[SafetensorsError.FileLengthMismatch]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>What the writer writes is read back; shapes and types at random.</summary>
    [Fact]
    public void Whatever_is_written_is_read_back()
    {
        string path = Path.GetTempFileName();
        try
        {
            for (int seed = 0; seed < 100; seed++)
            {
                Random random = new(seed);
                (string Name, int[] Shape)[] tensors = [.. Enumerable.Range(0, random.Next(1, 9)).Select(i => ($"t{i}.{random.Next()}", (int[])[.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(1, 6))]))];
                DataType type = Enum.GetValues<DataType>()[random.Next(Enum.GetValues<DataType>().Length)];
                SafetensorsWriter.Write(path, type, tensors, (_, _, first, values) => values.Fill(first));
                using SafetensorsFile file = SafetensorsFile.Open(path);
                Assert.Equal(tensors.Select(t => (t.Name, string.Join(',', t.Shape))).Order(), file.Entries.Select(e => (e.Name, string.Join(',', e.Shape))).Order());
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static byte[] Make(Random random)
    {
        byte[] header = random.Next(8) == 0 ? s_header : JsonMutator.Mutate(s_header, random);
        byte[] file = SafetensorsBytes.File(header, 26);
        switch (random.Next(6))
        {
            case 0:
                BinaryPrimitives.WriteUInt64LittleEndian(file, (ulong)random.NextInt64());
                return file;
            case 1:
                BinaryPrimitives.WriteInt64LittleEndian(file, header.Length + random.Next(-3, 30));
                return file;
            case 2:
                return JsonMutator.Damage(file, random);
            default:
                return file;
        }
    }

    private static void Read(byte[] bytes)
    {
        int length = SafetensorsHeader.Length("file", bytes.AsSpan(0, Math.Min(8, bytes.Length)), bytes.Length);
        long data = bytes.Length - 8 - length, end = 0;
        foreach (SafetensorsEntry entry in SafetensorsHeader.Parse("file", bytes.AsSpan(8, length), data))
        {
            Assert.Equal(end, entry.Begin);
            Assert.InRange(entry.End, entry.Begin, data);
            end = entry.End;
        }
        Assert.Equal(data, end);
    }
}
