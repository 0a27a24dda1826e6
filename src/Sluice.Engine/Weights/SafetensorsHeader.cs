using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;

namespace Sluice.Engine.Weights;

/// <summary>
/// The header of a safetensors file: u64 length (little endian), JSON object name -> {dtype, shape, data_offsets}, data. Nothing in it is believed:
/// lengths are checked before memory is taken, products are checked, tensors must lie side by side from 0 to the end of the file.
/// </summary>
internal static class SafetensorsHeader
{
    public const long MaxBytes = 100_000_000;

    private const int MaxDepth = 2; // object of objects of arrays

    /// <summary>Bytes of the header's JSON; it stands at [8, 8 + result).</summary>
    public static int Length(string file, ReadOnlySpan<byte> start, long fileLength)
    {
        if (fileLength < 8)
            throw new SafetensorsException(SafetensorsError.FileTooShort, file, $"expected 8 bytes or more, found {fileLength}");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (length > (ulong)MaxBytes)
            throw new SafetensorsException(SafetensorsError.HeaderTooLarge, file, $"expected a header of at most {MaxBytes} bytes, found {length}");
        if (length > (ulong)(fileLength - 8))
            throw new SafetensorsException(SafetensorsError.HeaderBeyondFile, file, $"expected {length} bytes of header, found a file of {fileLength}");
        return (int)length;
    }

    /// <summary>Tensors in order of their offsets.</summary>
    /// <param name="file">Name for errors.</param>
    /// <param name="json">The header's JSON.</param>
    /// <param name="dataLength">Bytes that follow it.</param>
    public static List<SafetensorsEntry> Parse(string file, ReadOnlySpan<byte> json, long dataLength)
    {
        if (!Utf8.IsValid(json))
            throw new SafetensorsException(SafetensorsError.HeaderNotUtf8, file, "the header is not UTF-8");
        List<SafetensorsEntry> entries;
        try
        {
            entries = ReadAll(file, json);
        }
        catch (JsonException error)
        {
            throw new SafetensorsException(SafetensorsError.HeaderNotJson, file, error.Message);
        }

        entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long end = 0;
        foreach (SafetensorsEntry entry in entries)
        {
            if (entry.Begin != end)
                throw new SafetensorsException(SafetensorsError.OffsetsNotContiguous, file, $"'{entry.Name}': expected to begin at {end}, found {entry.Begin}");
            end = entry.End;
        }

        if (end != dataLength)
            throw new SafetensorsException(SafetensorsError.FileLengthMismatch, file, $"expected {end} bytes of data, found {dataLength}");
        return entries;
    }

    private static List<SafetensorsEntry> ReadAll(string file, ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        List<SafetensorsEntry> entries = [];
        HashSet<string> names = [];
        if (!Next(ref reader, file) || reader.TokenType != JsonTokenType.StartObject)
            throw new SafetensorsException(SafetensorsError.HeaderNotJson, file, "expected an object");
        while (Next(ref reader, file) && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = Name(ref reader, file);
            if (!names.Add(name))
                throw new SafetensorsException(SafetensorsError.DuplicateKey, file, $"'{name}' is named twice");
            Next(ref reader, file);
            if (name == "__metadata__")
                ReadMetadata(ref reader, file);
            else
                entries.Add(ReadTensor(ref reader, file, name));
        }

        while (Next(ref reader, file))
        {
            // anything but white space after the object throws inside the reader
        }

        return entries;
    }

    private static bool Next(ref Utf8JsonReader reader, string file)
    {
        bool more = reader.Read();
        if (more && reader.CurrentDepth > MaxDepth && reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            throw new SafetensorsException(SafetensorsError.HeaderTooDeep, file, $"expected a depth of {MaxDepth + 1}, found more at byte {reader.TokenStartIndex}");
        return more;
    }

    // A lone surrogate escape cannot become a string.
    private static string Name(ref Utf8JsonReader reader, string file)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            throw new SafetensorsException(SafetensorsError.HeaderNotUtf8, file, error.Message);
        }
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, string file)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new SafetensorsException(SafetensorsError.InvalidMetadata, file, $"__metadata__: expected an object, found {reader.TokenType}");
        while (Next(ref reader, file) && reader.TokenType == JsonTokenType.PropertyName)
        {
            Next(ref reader, file);
            if (reader.TokenType != JsonTokenType.String)
                throw new SafetensorsException(SafetensorsError.InvalidMetadata, file, $"__metadata__: expected strings, found {reader.TokenType}");
        }
    }

    private static SafetensorsEntry ReadTensor(ref Utf8JsonReader reader, string file, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Invalid(file, name, "an object", reader.TokenType.ToString());
        string? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (Next(ref reader, file) && reader.TokenType == JsonTokenType.PropertyName)
        {
            string field = Name(ref reader, file);
            if ((field == "dtype" && type is not null) || (field == "shape" && shape is not null) || (field == "data_offsets" && offsets is not null))
                throw new SafetensorsException(SafetensorsError.DuplicateKey, file, $"'{name}': {field} is named twice");
            Next(ref reader, file);
            switch (field)
            {
                case "dtype" when reader.TokenType == JsonTokenType.String:
                    type = Name(ref reader, file);
                    break;
                case "shape":
                    shape = ReadNumbers(ref reader, file, name, field);
                    break;
                case "data_offsets":
                    offsets = ReadNumbers(ref reader, file, name, field);
                    break;
                default:
                    throw Invalid(file, name, "dtype, shape and data_offsets", $"{field}: {reader.TokenType}");
            }
        }

        if (type is null || shape is null || offsets is not { Length: 2 })
            throw Invalid(file, name, "dtype, shape and two data_offsets", "less");
        return Check(file, new SafetensorsEntry(name, type, shape, offsets[0], offsets[1]));
    }

    private static long[] ReadNumbers(ref Utf8JsonReader reader, string file, string name, string field)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Invalid(file, name, $"a list for {field}", reader.TokenType.ToString());
        List<long> numbers = [];
        while (Next(ref reader, file) && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetUInt64(out ulong number))
                throw Invalid(file, name, $"integers from 0 up in {field}", reader.TokenType.ToString());
            if (number > long.MaxValue)
                throw new SafetensorsException(SafetensorsError.SizeOverflow, file, $"'{name}': {field}: {number} does not fit 63 bits");
            numbers.Add((long)number);
        }

        return [.. numbers];
    }

    private static SafetensorsEntry Check(string file, SafetensorsEntry entry)
    {
        int size = entry.Type switch
        {
            "BOOL" or "U8" or "I8" or "F8_E4M3" or "F8_E5M2" => 1,
            "I16" or "U16" or "F16" or "BF16" => 2,
            "I32" or "U32" or "F32" => 4,
            "I64" or "U64" or "F64" => 8,
            _ => throw new SafetensorsException(SafetensorsError.UnknownDataType, file, $"'{entry.Name}': {entry.Type}"),
        };
        long bytes = size;
        try
        {
            foreach (long dimension in entry.Shape)
                bytes = checked(bytes * dimension);
        }
        catch (OverflowException)
        {
            throw new SafetensorsException(SafetensorsError.SizeOverflow, file, $"'{entry.Name}': shape {entry.ShapeText} of {entry.Type} does not fit 63 bits");
        }

        if (entry.End < entry.Begin)
            throw new SafetensorsException(SafetensorsError.OffsetsReversed, file, $"'{entry.Name}': [{entry.Begin}, {entry.End})");
        if (entry.End - entry.Begin != bytes)
            throw new SafetensorsException(SafetensorsError.SizeMismatch, file, $"'{entry.Name}': expected {bytes} bytes for {entry.ShapeText} of {entry.Type}, found {entry.End - entry.Begin}");
        return entry;
    }

    private static SafetensorsException Invalid(string file, string name, string expected, string found) =>
        new(SafetensorsError.InvalidTensor, file, $"'{name}': expected {expected}, found {found}");
}
