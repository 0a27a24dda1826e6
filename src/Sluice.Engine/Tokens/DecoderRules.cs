using System.Globalization;
using System.Text;

namespace Sluice.Engine.Tokens;

/// <summary>How the text of a token becomes bytes of the decoded text. Immutable.</summary>
internal sealed class DecoderRules
{
    /// <summary>Literal replacements in a token's text, in order.</summary>
    public List<(string Literal, string Content)> Replacements { get; init; } = [];

    /// <summary>Whether <c>&lt;0x41&gt;</c> is the byte 0x41.</summary>
    public bool ByteFallback { get; set; }

    /// <summary>Whether tokens are written in the <see cref="ByteLevelAlphabet"/>.</summary>
    public bool ByteLevel { get; set; }

    /// <summary>Whether tokens are words, with a space before each.</summary>
    public bool SpaceBefore { get; set; }

    /// <summary>What marks a token that continues a word and takes no space before it; empty for none.</summary>
    public string ContinuingPrefix { get; set; } = "";

    /// <summary>Whether the spaces that <see cref="SpaceBefore"/> puts before punctuation go again.</summary>
    public bool CleanUp { get; set; }

    /// <summary>How many spaces at the start of a text are dropped.</summary>
    public int LeadingSpaces { get; set; }

    /// <summary>Whether only the first token of a text loses leading spaces.</summary>
    public bool OnlyInFirstToken { get; set; }

    /// <summary>The bytes of a token; null where its text comes to more than <paramref name="most"/> characters on the way.</summary>
    public byte[]? Bytes(string token, int most)
    {
        if (ByteLevel)
            return ByteLevelAlphabet.TryBytes(token) ?? Encoding.UTF8.GetBytes(token);

        foreach ((string literal, string content) in Replacements)
        {
            if (token.Length + ((long)(content.Length - literal.Length) * token.AsSpan().Count(literal)) > most)
                return null;
            token = token.Replace(literal, content, StringComparison.Ordinal);
        }

        if (ByteFallback && token is ['<', '0', 'x', _, _, '>']
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            return [value];
        if (SpaceBefore)
            token = WithSpace(token);
        return Encoding.UTF8.GetBytes(CleanUp ? Clean(token) : token);
    }

    private string WithSpace(string token) => ContinuingPrefix.Length > 0 && token.StartsWith(ContinuingPrefix, StringComparison.Ordinal)
        ? token[ContinuingPrefix.Length..]
        : " " + token;

    private static string Clean(string token) => new StringBuilder(token)
        .Replace(" .", ".").Replace(" ?", "?").Replace(" !", "!").Replace(" ,", ",").Replace(" ' ", "'")
        .Replace(" n't", "n't").Replace(" 'm", "'m").Replace(" do not", " don't")
        .Replace(" 's", "'s").Replace(" 've", "'ve").Replace(" 're", "'re").ToString();
}
