using System.Text.Json;
using Sluice.Engine.Templates;

namespace Sluice.Engine.Tests.Templates;

/// <summary>
/// One rendering as Jinja 3.1 does it, set up as transformers does: sandboxed, trim_blocks, lstrip_blocks, loop controls, its tojson,
/// and the clock at 2026-03-07 09:05:04. Without an expected text, Jinja refuses.
/// </summary>
internal sealed record GoldenCase(
    string Name, IReadOnlyList<TemplateMessage> Messages, TemplateOptions Options, string? Expected)
{
    public static IEnumerable<string> Templates =>
        Directory.GetFiles(Folder, "*.jinja").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal);

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Templates", "Golden");

    public static string Source(string template) => File.ReadAllText(Path.Combine(Folder, template + ".jinja"));

    public static List<GoldenCase> Of(string template)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, template + ".cases.json")));
        return [.. document.RootElement.Clone().EnumerateArray().Select(Read)];
    }

    private static GoldenCase Read(JsonElement json)
    {
        TemplateMessage[] messages = [.. json.GetProperty("messages").EnumerateArray().Select((message, i) => TemplateMessage.FromJson(message, $"messages[{i}]"))];
        TemplateOptions options = new()
        {
            AddGenerationPrompt = !json.TryGetProperty("add_generation_prompt", out JsonElement add) || add.GetBoolean(),
            BosToken = Text(json, "bos_token"),
            EosToken = Text(json, "eos_token"),
            Tools = json.TryGetProperty("tools", out JsonElement tools) ? tools : null,
            Time = new FixedClock(new DateTimeOffset(2026, 3, 7, 9, 5, 4, TimeSpan.Zero)),
        };
        if (json.TryGetProperty("arguments", out JsonElement arguments))
            options = options with { Arguments = arguments.EnumerateObject().ToDictionary(argument => argument.Name, argument => argument.Value) };
        return new GoldenCase(Text(json, "name")!, messages, options, Text(json, "expected"));
    }

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => now;
    }
}
