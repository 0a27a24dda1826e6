using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Sluice.Cli.Run;

/// <summary>
/// Names what a run works on: the input's length and bytes, the model's revision and its chat template. Of an input longer than
/// <see cref="WholeBytes"/> the two ends and 64 places between them count: there, an edit that keeps the length may go unseen.
/// </summary>
internal static class Fingerprint
{
    public const long WholeBytes = 64 << 20;

    private const int PieceBytes = 1 << 20;
    private const int Places = 64;

    public static async Task<ulong> ComputeAsync(string input, string modelFolder, string revision, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"sluice-run-1\0{revision}\0"));
        foreach (string name in new[] { "chat_template.jinja", "tokenizer_config.json" })
        {
            string path = Path.Combine(modelFolder, name);
            if (!File.Exists(path)) continue;
            byte[] bytes = await File.ReadAllBytesAsync(path, cancellationToken);
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\0{bytes.Length}\0"));
            hash.AppendData(bytes);
        }
        await using FileStream stream = File.OpenRead(input);
        hash.AppendData(Encoding.UTF8.GetBytes($"input\0{stream.Length}\0"));
        if (stream.Length <= WholeBytes)
        {
            await AppendAsync(hash, stream, stream.Length, cancellationToken);
        }
        else
        {
            for (int place = 0; place <= Places + 1; place++)
            {
                int bytes = place is 0 or (Places + 1) ? PieceBytes : 4096;
                stream.Position = (long)((stream.Length - bytes) * (place / (Places + 1.0)));
                await AppendAsync(hash, stream, bytes, cancellationToken);
            }
        }
        return BinaryPrimitives.ReadUInt64BigEndian(hash.GetHashAndReset());
    }

    /// <summary>16 hex digits.</summary>
    public static string Text(ulong run) => run.ToString("x16", CultureInfo.InvariantCulture);

    private static async Task AppendAsync(IncrementalHash hash, Stream stream, long count, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[1 << 17];
        while (count > 0 && await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, count)), cancellationToken) is > 0 and int read)
        {
            hash.AppendData(buffer.AsSpan(0, read));
            count -= read;
        }
    }
}
