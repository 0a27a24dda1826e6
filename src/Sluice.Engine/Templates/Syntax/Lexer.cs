namespace Sluice.Engine.Templates.Syntax;

/// <summary>
/// Cuts a template into text and tags. Blank lines are treated as transformers sets Jinja up: the newline after a tag or comment goes
/// (trim_blocks), white space before one on its own line goes (lstrip_blocks), <c>-</c> takes all white space, <c>+</c> leaves it;
/// one newline at the end of the file goes.
/// </summary>
internal sealed class Lexer
{
    private readonly string _source;
    private readonly string _where;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _counted;
    private int _line = 1;
    private bool _lineStarts = true;

    private Lexer(string source, string where)
    {
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _source = source.EndsWith('\n') ? source[..^1] : source;
        _where = where;
    }

    /// <exception cref="TemplateException">A comment, tag or string without an end, or a character that means nothing.</exception>
    public static List<Token> Read(string source, string where)
    {
        Lexer lexer = new(source, where);
        while (lexer._position < lexer._source.Length)
            lexer.ReadTextAndTag();
        lexer.Add(TokenKind.End, "");
        return lexer._tokens;
    }

    private void ReadTextAndTag()
    {
        int start = FindTag(_position);
        ReadOnlySpan<char> text = _source.AsSpan(_position, start - _position);
        if (start == _source.Length)
        {
            AddData(text);
            _position = start;
            return;
        }

        char kind = _source[start + 1];
        char sign = start + 2 < _source.Length ? _source[start + 2] : ' ';
        if (sign == '-')
            text = text.TrimEnd();
        else if (sign != '+' && kind != '{')
            text = WithoutIndent(text);
        AddData(text);
        _position = start + (sign is '-' or '+' ? 3 : 2);
        if (kind == '#')
            SkipComment(start);
        else
            ReadTag(isOutput: kind == '{');
    }

    private int FindTag(int from)
    {
        for (int i = from; i + 1 < _source.Length; i++)
        {
            i = _source.IndexOf('{', i);
            if (i < 0 || i + 1 >= _source.Length)
                break;
            if (_source[i + 1] is '{' or '%' or '#')
                return i;
        }

        return _source.Length;
    }

    private ReadOnlySpan<char> WithoutIndent(ReadOnlySpan<char> text)
    {
        int line = text.LastIndexOf('\n') + 1;
        return (line > 0 || _lineStarts) && text[line..].IsWhiteSpace() ? text[..line] : text;
    }

    private void SkipComment(int start)
    {
        int end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
            throw Fail(start, "a comment '{#' without its '#}'");
        char sign = end > _position ? _source[end - 1] : ' ';
        EndTag(end + 2, sign, trimsLine: true);
    }

    /// <summary>Goes on after a tag: over all white space, over one newline, or over nothing.</summary>
    private void EndTag(int after, char sign, bool trimsLine)
    {
        _position = after;
        if (sign == '-')
        {
            while (_position < _source.Length && char.IsWhiteSpace(_source[_position]))
                _position++;
        }
        else if (sign != '+' && trimsLine && _position < _source.Length && _source[_position] == '\n')
        {
            _position++;
        }

        _lineStarts = _source[_position - 1] == '\n';
    }

    private void ReadTag(bool isOutput)
    {
        int start = _position;
        char close = isOutput ? '}' : '%';
        int open = 0;
        Add(isOutput ? TokenKind.OutputBegin : TokenKind.TagBegin, "");
        while (true)
        {
            while (_position < _source.Length && char.IsWhiteSpace(_source[_position]))
                _position++;
            if (_position >= _source.Length)
                throw Fail(start, isOutput ? "an output '{{' without its '}}'" : "a tag '{%' without its '%}'");
            char c = _source[_position];
            bool signed = c == '-' || (c == '+' && !isOutput);
            int end = signed ? _position + 1 : _position;
            if (open == 0 && end + 1 < _source.Length && _source[end] == close && _source[end + 1] == '}')
            {
                Add(isOutput ? TokenKind.OutputEnd : TokenKind.TagEnd, "");
                EndTag(end + 2, signed ? c : ' ', trimsLine: !isOutput);
                return;
            }

            open += c is '(' or '[' or '{' ? 1 : c is ')' or ']' or '}' ? -1 : 0;
            if (open < 0)
                throw Fail(_position, $"'{c}' closes nothing");
            int line = LineAt(_position);
            _tokens.Add(ExpressionLexer.Read(_source, ref _position, line, what => Fail(_position, what)));
        }
    }

    private void AddData(ReadOnlySpan<char> text)
    {
        if (text.Length > 0)
            Add(TokenKind.Data, text.ToString());
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new Token(kind, text, LineAt(_position)));

    /// <summary>Line of a position; positions are asked for in ascending order.</summary>
    private int LineAt(int position)
    {
        if (position < _counted)
            return _line;
        _line += _source.AsSpan(_counted, position - _counted).Count('\n');
        _counted = position;
        return _line;
    }

    private TemplateException Fail(int position, string what) =>
        new(_where, 1 + _source.AsSpan(0, Math.Min(position, _source.Length)).Count('\n'), what);
}
