using System.Globalization;
using System.IO.Compression;
using System.Text.Json;

namespace Sluice.Batching.Simulation;

/// <summary>
/// Reads traces of requests: the Azure LLM inference trace (<c>TIMESTAMP,ContextTokens,GeneratedTokens</c>) and the Mooncake traces (JSON lines of
/// <c>timestamp</c> in ms, <c>input_length</c>, <c>output_length</c>, <c>hash_ids</c>), either also gzipped.
/// </summary>
internal static class TraceFile
{
    /// <summary>Tokens that one of a trace's <c>hash_ids</c> stands for.</summary>
    public const int BlockTokens = 512;

    private const int MostTokens = 10_000_000;
    private const string CsvHeader = "TIMESTAMP,ContextTokens,GeneratedTokens";

    private static readonly DateTime _epoch = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc); // near, so that a double keeps microseconds

    /// <summary>In order of time. Throws <see cref="TraceFormatException"/>; at most <paramref name="most"/> requests are read.</summary>
    public static List<TraceRequest> Read(string path, int most = int.MaxValue)
    {
        using Stream file = File.OpenRead(path);
        using Stream content = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using StreamReader reader = new(content);
        return Read(reader, most);
    }

    public static List<TraceRequest> Read(TextReader reader, int most = int.MaxValue)
    {
        List<TraceRequest> requests = [];
        int number = 1;
        string line = reader.ReadLine() ?? throw new TraceFormatException("The trace is empty.");
        bool csv = line.Trim() == CsvHeader;
        if (!csv && !line.StartsWith('{'))
        {
            throw new TraceFormatException($"line 1: expected the header '{CsvHeader}' or a JSON object; it is '{Cut(line)}'.");
        }
        for (string? next = csv ? reader.ReadLine() : line; next is not null && requests.Count < most; next = reader.ReadLine())
        {
            if (csv || requests.Count > 0) number++;
            if (next.Trim().Length == 0) continue;
            requests.Add(csv ? OfCsv(next, number) : OfJson(next, number));
        }
        if (requests.Count == 0) throw new TraceFormatException("The trace has no requests.");
        requests.Sort((a, b) => a.Seconds.CompareTo(b.Seconds));
        double first = requests[0].Seconds;
        return requests.ConvertAll(request => request with { Seconds = request.Seconds - first });
    }

    private static TraceRequest OfCsv(string line, int number)
    {
        string[] fields = line.Split(',');
        if (fields.Length != 3) throw new TraceFormatException($"line {number}: expected 3 fields, {CsvHeader}; found {fields.Length}.");
        if (!DateTime.TryParse(fields[0], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime time))
        {
            throw new TraceFormatException($"line {number}: TIMESTAMP: expected a date and time; it is '{Cut(fields[0])}'.");
        }
        return new((time - _epoch).TotalSeconds, Tokens(fields[1], "ContextTokens", number), Tokens(fields[2], "GeneratedTokens", number), []);
    }

    private static TraceRequest OfJson(string line, int number)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            int prompt = Tokens(Field(root, "input_length", number).GetRawText(), "input_length", number);
            int output = Tokens(Field(root, "output_length", number).GetRawText(), "output_length", number);
            JsonElement time = Field(root, "timestamp", number);
            if (time.ValueKind != JsonValueKind.Number || !time.TryGetDouble(out double milliseconds) || milliseconds < 0)
            {
                throw new TraceFormatException($"line {number}: timestamp: expected milliseconds, 0 or more; it is '{Cut(time.GetRawText())}'.");
            }
            return new(milliseconds / 1000, prompt, output, Blocks(root, (prompt - 1) / BlockTokens, number));
        }
        catch (JsonException e)
        {
            throw new TraceFormatException($"line {number}: not a JSON object: {e.Message}");
        }
    }

    private static int[] Blocks(JsonElement root, int full, int number)
    {
        JsonElement ids = Field(root, "hash_ids", number);
        if (ids.ValueKind != JsonValueKind.Array) throw new TraceFormatException($"line {number}: hash_ids: expected an array of whole numbers; it is '{Cut(ids.GetRawText())}'.");
        int[] blocks = new int[Math.Min(full, ids.GetArrayLength())];
        HashSet<int> seen = new(blocks.Length);
        for (int i = 0; i < blocks.Length; i++)
        {
            if (ids[i].ValueKind != JsonValueKind.Number || !ids[i].TryGetInt32(out blocks[i]))
            {
                throw new TraceFormatException($"line {number}: hash_ids[{i}]: expected a whole number; it is '{Cut(ids[i].GetRawText())}'.");
            }
            if (!seen.Add(blocks[i])) throw new TraceFormatException($"line {number}: hash_ids[{i}]: {blocks[i]} has come before: an id stands for a block and all before it.");
        }
        return blocks;
    }

    private static JsonElement Field(JsonElement root, string name, int number) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out JsonElement value) ? value : throw new TraceFormatException($"line {number}: {name} is missing.");

    private static int Tokens(string text, string field, int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int tokens) && tokens is >= 1 and <= MostTokens
            ? tokens
            : throw new TraceFormatException($"line {number}: {field}: expected a whole number from 1 to {MostTokens}; it is '{Cut(text)}'.");

    private static string Cut(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
