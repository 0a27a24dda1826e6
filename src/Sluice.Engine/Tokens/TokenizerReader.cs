using System.Text.Json;

namespace Sluice.Engine.Tokens;

/// <summary>Reads a tokenizer.json, or the folder of a model that holds one.</summary>
internal static class TokenizerReader
{
    private const string FileName = "tokenizer.json";
    private const string ConfigName = "tokenizer_config.json";
    private const long MostBytes = 256 << 20;
    private const int DeepestNesting = 64;

    public static TokenizerParts Read(string path)
    {
        bool folder = Directory.Exists(path);
        using JsonDocument document = Parse(folder ? Path.Combine(path, FileName) : path, out JsonField root);

        string config = Path.Combine(path, ConfigName);
        if (!folder || !File.Exists(config))
            return Read(root, null);
        using JsonDocument second = Parse(config, out JsonField settings);
        return Read(root, settings);
    }

    private static TokenizerParts Read(JsonField root, JsonField? config)
    {
        JsonField model = root.Required("model");
        Vocabulary vocabulary = Vocabulary.Read(model.Required("vocab"));
        List<AddedToken> added = [];
        string?[] texts = ReadAdded(root, vocabulary, added);

        PreTokenizerReader words = new();
        if (root.Optional("pre_tokenizer", out JsonField preTokenizer))
            words.Read(preTokenizer);

        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        foreach (AddedToken token in added)
            ids[token.Content] = token.Id;
        ControlTokenReader control = new(
            name => ids.TryGetValue(name, out int id) || vocabulary.TryGet(name, out id) ? id : null, texts.Length);
        if (root.Optional("post_processor", out JsonField postProcessor))
            control.ReadPostProcessor(postProcessor);
        if (config is JsonField settings)
            control.ReadConfig(settings);

        DecoderRules rules = root.Optional("decoder", out JsonField decoder) ? DecoderReader.Read(decoder) : DecoderReader.None;
        return new TokenizerParts(
            root.Optional("normalizer", out JsonField normalizer) ? NormalizerReader.Read(normalizer) : null,
            words.Build(),
            ModelReader.Read(model, vocabulary, words.ByteLevel),
            new TokenDecoder(texts, added, rules, decoder),
            added,
            control.Build());
    }

    /// <summary>Reads <c>added_tokens</c> and returns token text by id, added tokens included.</summary>
    private static string?[] ReadAdded(JsonField root, Vocabulary vocabulary, List<AddedToken> added)
    {
        if (!root.Optional("added_tokens", out JsonField field))
            return vocabulary.Texts;

        foreach (JsonField item in field.Items())
            added.Add(AddedToken.Read(item));
        int highest = added.Count == 0 ? -1 : added.Max(token => token.Id);
        Vocabulary.RequireDense(field, highest, vocabulary.Texts.Length + added.Count);

        string?[] texts = new string?[Math.Max(vocabulary.Texts.Length, highest + 1)];
        vocabulary.Texts.CopyTo(texts, 0);
        HashSet<string> contents = new(StringComparer.Ordinal);
        foreach (AddedToken token in added)
        {
            string shown = Vocabulary.Shown(token.Content);
            if (!contents.Add(token.Content))
                throw field.Fault($"names the token {shown} twice");
            if (texts[token.Id] is string other && other != token.Content)
                throw field.Fault($"gives the id {token.Id} to {shown}, and it belongs to {Vocabulary.Shown(other)}");
            if (vocabulary.TryGet(token.Content, out int id) && id != token.Id)
                throw field.Fault($"gives {shown} the id {token.Id}, and model.vocab gives it {id}");
            texts[token.Id] = token.Content;
        }

        return texts;
    }

    private static JsonDocument Parse(string path, out JsonField root)
    {
        byte[] bytes = ReadBytes(path);
        ReadOnlyMemory<byte> json = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;
        try
        {
            JsonDocument document = JsonDocument.Parse(
                json, new JsonDocumentOptions { MaxDepth = DeepestNesting, AllowDuplicateProperties = false });
            root = new JsonField(path, "", document.RootElement);
            return document;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new TokenizerFormatException($"{path}: is not valid JSON: {exception.Message}", exception);
        }
    }

    private static byte[] ReadBytes(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > MostBytes)
                throw new TokenizerFormatException($"{path}: has {file.Length} bytes; the limit is {MostBytes}");
            byte[] bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerFormatException($"{path}: cannot be read: {exception.Message}", exception);
        }
    }
}
