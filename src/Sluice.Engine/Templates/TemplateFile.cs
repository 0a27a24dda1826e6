using System.Text.Json;

namespace Sluice.Engine.Templates;

/// <summary>Finds the chat template in a model folder.</summary>
internal static class TemplateFile
{
    private const string Own = "chat_template.jinja";
    private const string Config = "tokenizer_config.json";
    private const string DefaultName = "default";
    private const long LongestFile = 64 << 20;

    public static (string Source, string Where)? Find(string folder)
    {
        string own = Path.Combine(folder, Own);
        if (File.Exists(own))
            return (Read(own, Own), Own);
        string config = Path.Combine(folder, Config);
        return File.Exists(config) && FromConfig(Read(config, Config)) is string source ? (source, $"{Config} chat_template") : null;
    }

    private static string Read(string path, string name)
    {
        long length = new FileInfo(path).Length;
        return length <= LongestFile
            ? File.ReadAllText(path)
            : throw new TemplateException(name, 0, $"the file has {length} bytes, at most {LongestFile} are read");
    }

    private static string? FromConfig(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new TemplateException(Config, 0, "the file holds no JSON object");
            return document.RootElement.TryGetProperty("chat_template", out JsonElement template) ? FromField(template) : null;
        }
        catch (JsonException e)
        {
            throw new TemplateException(Config, (int)(e.LineNumber ?? -1) + 1, "the file is no JSON");
        }
    }

    private static string? FromField(JsonElement template) => template.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => JsonText.Of(template, Config),
        JsonValueKind.Array => FromList(template),
        _ => throw new TemplateException(Config, 0, $"chat_template is a string or a list of named templates, not {template.ValueKind}"),
    };

    private static string FromList(JsonElement templates)
    {
        foreach (JsonElement entry in templates.EnumerateArray())
        {
            if (entry.ValueKind == JsonValueKind.Object
                && entry.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String && name.ValueEquals(DefaultName)
                && entry.TryGetProperty("template", out JsonElement template) && template.ValueKind == JsonValueKind.String)
                return JsonText.Of(template, Config);
        }

        throw new TemplateException(Config, 0, $"chat_template is a list without a template named {DefaultName}");
    }
}
