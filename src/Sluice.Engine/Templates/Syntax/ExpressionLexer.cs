using System.Globalization;
using System.Text;

namespace Sluice.Engine.Templates.Syntax;

/// <summary>One token inside a tag: a name, a number, a string or an operator.</summary>
internal static class ExpressionLexer
{
    private const int LongestName = 256;

    private static readonly string[] s_operators =
    [
        "**", "//", "==", "!=", "<=", ">=",
        "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", "<", ">", "=", ".", ":", "|", ",",
    ];

    public static Token Read(string source, ref int position, int line, Func<string, TemplateException> fail)
    {
        char first = source[position];
        if (char.IsLetter(first) || first == '_')
            return new Token(TokenKind.Name, ReadName(source, ref position, fail), line);
        if (char.IsAsciiDigit(first))
            return ReadNumber(source, ref position, line);
        if (first is '\'' or '"')
            return new Token(TokenKind.Text, ReadText(source, ref position, first, fail), line);
        foreach (string known in s_operators)
        {
            if (string.CompareOrdinal(source, position, known, 0, known.Length) == 0)
            {
                position += known.Length;
                return new Token(TokenKind.Operator, known, line);
            }
        }

        throw fail($"the character U+{(int)first:X4} means nothing in a tag");
    }

    private static string ReadName(string source, ref int position, Func<string, TemplateException> fail)
    {
        string name = Take(source, ref position, c => char.IsLetterOrDigit(c) || c == '_');
        return name.Length <= LongestName ? name : throw fail($"a name has at most {LongestName} characters, not {name.Length}");
    }

    private static Token ReadNumber(string source, ref int position, int line)
    {
        bool afterDot = source[position - 1] == '.';
        StringBuilder digits = new(Digits(source, ref position));
        bool isFloat = false;
        if (!afterDot && position + 1 < source.Length && source[position] == '.' && char.IsAsciiDigit(source[position + 1]))
        {
            position++;
            digits.Append('.').Append(Digits(source, ref position));
            isFloat = true;
        }

        if (!afterDot && position < source.Length && source[position] is 'e' or 'E')
        {
            int exponent = position + 1;
            if (exponent < source.Length && source[exponent] is '+' or '-')
                exponent++;
            if (exponent < source.Length && char.IsAsciiDigit(source[exponent]))
            {
                digits.Append(source, position, exponent - position);
                position = exponent;
                digits.Append(Digits(source, ref position));
                isFloat = true;
            }
        }

        return new Token(isFloat ? TokenKind.Float : TokenKind.Integer, digits.ToString(), line);
    }

    private static string Digits(string source, ref int position) =>
        Take(source, ref position, c => char.IsAsciiDigit(c) || c == '_').Replace("_", "", StringComparison.Ordinal);

    private static string Take(string source, ref int position, Func<char, bool> belongs)
    {
        int start = position;
        while (position < source.Length && belongs(source[position]))
            position++;
        return source[start..position];
    }

    private static string ReadText(string source, ref int position, char quote, Func<string, TemplateException> fail)
    {
        StringBuilder text = new();
        int next = position + 1;
        while (next < source.Length && source[next] != quote)
        {
            if (source[next] != '\\')
                text.Append(source[next++]);
            else if (next + 1 < source.Length)
                next = ReadEscape(source, next + 1, text, fail);
            else
                break;
        }

        if (next >= source.Length)
            throw fail("a string without its closing quote");
        position = next + 1;
        return text.ToString();
    }

    /// <summary>Python's escapes, which Jinja uses; an unknown one stays as it is.</summary>
    private static int ReadEscape(string source, int at, StringBuilder text, Func<string, TemplateException> fail)
    {
        const string Names = "abfnrtv\\'\"";
        const string Values = "\a\b\f\n\r\t\v\\'\"";
        char kind = source[at];
        int known = Names.IndexOf(kind, StringComparison.Ordinal);
        if (known >= 0)
            text.Append(Values[known]);
        else if (kind is 'x' or 'u' or 'U')
            return ReadHex(source, at + 1, kind == 'x' ? 2 : kind == 'u' ? 4 : 8, text, fail);
        else if (kind == 'N' || char.IsAsciiDigit(kind))
            throw fail($"the escape '\\{kind}' is not supported");
        else if (kind != '\n')
            text.Append('\\').Append(kind);
        return at + 1;
    }

    private static int ReadHex(string source, int at, int length, StringBuilder text, Func<string, TemplateException> fail)
    {
        if (at + length > source.Length
            || !uint.TryParse(source.AsSpan(at, length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code)
            || code > 0x10FFFF)
            throw fail($"an escape needs {length} hexadecimal digits of a code point");
        text.Append(code < 0x10000 ? ((char)code).ToString() : char.ConvertFromUtf32((int)code));
        return at + length;
    }
}
