using System.Runtime.CompilerServices;

namespace Sluice.Engine.Templates.Syntax;

/// <summary>Walks over the tokens of a template, and counts how deep the parser is nested.</summary>
internal sealed class TokenReader(List<Token> tokens, string where)
{
    public const int DeepestNesting = 100;

    private int _position;
    private int _depth;

    public Token Current => tokens[_position];

    public int Line => Current.Line;

    public Token Next()
    {
        Token token = Current;
        if (token.Kind != TokenKind.End)
            _position++;
        return token;
    }

    public bool IsOperator(string text) => Current.Kind == TokenKind.Operator && Current.Text == text;

    public bool IsName(string text) => Current.Kind == TokenKind.Name && Current.Text == text;

    /// <summary>Whether the token after the current one is this name.</summary>
    public bool IsNameAhead(string text) => _position + 1 < tokens.Count && tokens[_position + 1] is { Kind: TokenKind.Name } next && next.Text == text;

    public bool IsOperatorAhead(string text) => _position + 1 < tokens.Count && tokens[_position + 1] is { Kind: TokenKind.Operator } next && next.Text == text;

    public bool SkipOperator(string text)
    {
        bool skips = IsOperator(text);
        if (skips)
            Next();
        return skips;
    }

    public bool SkipName(string text)
    {
        bool skips = IsName(text);
        if (skips)
            Next();
        return skips;
    }

    public void ExpectOperator(string text)
    {
        if (!SkipOperator(text))
            throw Fail($"'{text}' is expected, not {Current}");
    }

    public string ExpectName(string what) =>
        Current.Kind == TokenKind.Name ? Next().Text : throw Fail($"{what} is expected, not {Current}");

    public void Expect(TokenKind kind)
    {
        if (Current.Kind != kind)
            throw Fail($"{new Token(kind, "", 0)} is expected, not {Current}");
        Next();
    }

    public void Enter()
    {
        if (++_depth > DeepestNesting || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Fail($"nested more than {DeepestNesting} deep");
    }

    public void Leave() => _depth--;

    public TemplateException Fail(string what) => Fail(Line, what);

    public TemplateException Fail(int line, string what) => new(where, line, what);
}
