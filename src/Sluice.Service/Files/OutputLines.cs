using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Models;

namespace Sluice.Service.Files;

/// <summary>
/// Lines of a batch file's output. Each begins with its id, <c>batch_req_RUN_LINE</c>: the number of the input line is read back from it, so the output
/// alone says which lines are done. A line that succeeded ends with <c>"error":null}</c>, and only such a line.
/// </summary>
/// <param name="run">16 hex digits that name the input and the model.</param>
/// <param name="model">What answered.</param>
internal sealed class OutputLines(string run, ServedModel model)
{
    public const int RunDigits = 16;

    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The line's end included.</summary>
    public byte[] Success(long number, PreparedLine prepared, EngineResult result, DateTimeOffset at)
    {
        string suffix = Suffix(number);
        return Write(suffix, prepared.Line.CustomId, writer =>
        {
            writer.WriteStartObject("response");
            writer.WriteNumber("status_code", 200);
            writer.WriteString("request_id", $"req_{suffix}");
            writer.WritePropertyName("body");
            new AnswerBody(writer, model, suffix, at).Write(prepared, result);
            writer.WriteEndObject();
            writer.WriteNull("error");
        });
    }

    /// <summary>The line's end included.</summary>
    /// <param name="customId">Null where the line has none that could be read.</param>
    /// <param name="errors">One or more: the first gives code and param, all of them the message.</param>
    public byte[] Failure(long number, string? customId, IReadOnlyList<FieldError> errors) => Write(Suffix(number), customId, writer =>
    {
        writer.WriteNull("response");
        writer.WriteStartObject("error");
        writer.WriteString("code", errors[0].Code);
        writer.WriteString("message", string.Join(' ', errors.Select(error => error.Message)));
        if (errors[0].Field.Length > 0)
        {
            writer.WriteString("param", errors[0].Field);
        }
        writer.WriteNumber("line", number);
        writer.WriteEndObject();
    });

    /// <summary>Reads the run and the number back from a line without its end; false for a line that is not of this class.</summary>
    public static bool TryRead(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> run, out long number, out bool succeeded)
    {
        ReadOnlySpan<byte> start = "{\"id\":\"batch_req_"u8;
        run = default;
        number = 0;
        succeeded = line.EndsWith(",\"error\":null}"u8);
        if (!line.StartsWith(start) || line[^1] != '}' || line.Length < start.Length + RunDigits + 2)
        {
            return false;
        }
        run = line.Slice(start.Length, RunDigits);
        ReadOnlySpan<byte> rest = line[(start.Length + RunDigits)..];
        return rest[0] == '_' && Utf8Parser.TryParse(rest[1..], out number, out int digits) && number > 0 && rest.Length > digits + 1 && rest[digits + 1] == '"';
    }

    private static byte[] Write(string suffix, string? customId, Action<Utf8JsonWriter> rest)
    {
        ArrayBufferWriter<byte> buffer = new(1024);
        using (Utf8JsonWriter writer = new(buffer, _options))
        {
            writer.WriteStartObject();
            writer.WriteString("id", $"batch_req_{suffix}");
            writer.WriteString("custom_id", customId);
            rest(writer);
            writer.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private string Suffix(long number) => string.Create(CultureInfo.InvariantCulture, $"{run}_{number}");
}
