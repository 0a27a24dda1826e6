using System.Security.Cryptography;
using System.Text;
using Sluice.Engine.Templates.Library;
using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Syntax;
using Sluice.Engine.Templates.Values;
using Sluice.Engine.Tokens;

namespace Sluice.Engine.Templates;

/// <summary>
/// A chat template of a Hugging Face model, in the subset of Jinja that such templates use. Immutable: any number of threads may share one.
/// </summary>
/// <remarks>
/// Text keeps, character by character, whether it is the template's or came out of messages, tools or arguments, whatever the template does
/// with it. So content can never spell a control token: its ids are made with special tokens off, and ids are joined, text never is.
/// </remarks>
public sealed class ChatTemplate
{
    private const int LongestSource = 1 << 20;

    private readonly Block _body;
    private readonly string _where;

    private ChatTemplate(Block body, string source, string where)
    {
        _body = body;
        _where = where;
        TellsTime = source.Contains(Functions.NowName, StringComparison.Ordinal);
        Id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source)))[..16];
    }

    /// <summary>First 16 hex digits of the source's SHA-256: templates of one id render alike, but for the time where one <see cref="TellsTime"/>.</summary>
    public string Id { get; }

    /// <summary>What it renders may depend on when: it names <c>strftime_now</c>.</summary>
    public bool TellsTime { get; }

    /// <summary>
    /// Reads chat_template.jinja of a model folder, else chat_template of tokenizer_config.json: a string, or the one named default of a list.
    /// </summary>
    /// <returns>Null where the folder has none.</returns>
    /// <exception cref="TemplateException">The template, or the file it is in, is broken or asks for what is not supported.</exception>
    public static ChatTemplate? Load(string modelFolder)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelFolder);
        return TemplateFile.Find(modelFolder) is (string source, string where) ? Parse(source, where) : null;
    }

    /// <param name="source">The template.</param>
    /// <param name="where">Name of the file, for errors.</param>
    /// <exception cref="TemplateException">The template is broken, or asks for what is not supported.</exception>
    public static ChatTemplate Parse(string source, string where)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentException.ThrowIfNullOrEmpty(where);
        if (source.Length > LongestSource)
            throw new TemplateException(where, 0, $"a template has at most {LongestSource} characters, not {source.Length}");
        return new ChatTemplate(TemplateParser.Parse(source, where), source, where);
    }

    /// <summary>The prompt, as runs of template text and of content.</summary>
    /// <exception cref="TemplateException">The template refuses the messages, fails on them, or goes over a limit.</exception>
    public IReadOnlyList<TemplateSegment> Render(IReadOnlyList<TemplateMessage> messages, TemplateOptions options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(options);
        RenderRun run = new(_where, options.Limits, options.Time);
        Scope scope = new(run);
        Functions.Define(scope);
        TemplateInput.Define(scope, messages, options);
        TextBuilder output = run.NewText();
        _body.Execute(scope.Inner(), output);
        List<TemplateSegment> segments = output.ToSegments();
        foreach (TemplateSegment segment in segments)
        {
            if (JsonReader.HalfPair(segment.Text) >= 0)
                throw run.Fail("the prompt holds half a surrogate pair");
        }

        return segments;
    }

    /// <summary>The ids of the prompt: of template text with special tokens on, of content with them off.</summary>
    /// <exception cref="TemplateException">As of <see cref="Render"/>.</exception>
    public int[] Encode(Tokenizer tokenizer, IReadOnlyList<TemplateMessage> messages, TemplateOptions options)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(options);
        options = options with
        {
            BosToken = options.BosToken ?? TextOf(tokenizer, tokenizer.BosId),
            EosToken = options.EosToken ?? TextOf(tokenizer, tokenizer.EosId),
        };
        List<int> ids = [];
        bool continues = false;
        foreach (TemplateSegment segment in Render(messages, options))
        {
            ids.AddRange(!segment.IsContent ? tokenizer.EncodeTemplate(segment.Text, continues)
                : continues ? tokenizer.EncodeContinuation(segment.Text)
                : tokenizer.Encode(segment.Text));
            continues = true;
        }

        return [.. ids];
    }

    private static string? TextOf(Tokenizer tokenizer, int? id) => id is int token ? tokenizer.Decode([token], skipSpecial: false) : null;
}
