using System.Buffers.Binary;
using System.Text;
using Sluice.Engine.Weights;

namespace Sluice.Engine.Tests.Weights;

/// <summary>Builds safetensors files byte by byte, broken ones too, and opens them.</summary>
internal static class SafetensorsBytes
{
    public static byte[] File(string header, int dataBytes) => File(Encoding.UTF8.GetBytes(header), dataBytes);

    public static byte[] File(byte[] header, int dataBytes, ulong? claimedLength = null)
    {
        byte[] file = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(file, claimedLength ?? (ulong)header.Length);
        header.CopyTo(file, 8);
        for (int i = 8 + header.Length; i < file.Length; i++)
            file[i] = (byte)i;
        return file;
    }

    public static string Tensor(string name, string type, string shape, long begin, long end) =>
        $$"""
        "{{name}}":{"dtype":"{{type}}","shape":{{shape}},"data_offsets":[{{begin}},{{end}}]}
        """;

    /// <summary>Opens the bytes as a file; returns its tensors.</summary>
    public static IReadOnlyList<SafetensorsEntry> Open(byte[] bytes)
    {
        string path = Path.GetTempFileName();
        try
        {
            System.IO.File.WriteAllBytes(path, bytes);
            using SafetensorsFile file = SafetensorsFile.Open(path);
            return file.Entries;
        }
        finally
        {
            System.IO.File.Delete(path);
        }
    }
}
