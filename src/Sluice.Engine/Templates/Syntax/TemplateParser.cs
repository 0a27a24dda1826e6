namespace Sluice.Engine.Templates.Syntax;

/// <summary>Reads the statements of a template.</summary>
internal sealed class TemplateParser
{
    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;
    private readonly OperandParser _operands;
    private int _loops;

    private TemplateParser(TokenReader tokens)
    {
        _tokens = tokens;
        _expressions = new ExpressionParser(tokens);
        _operands = new OperandParser(tokens, _expressions);
    }

    /// <exception cref="TemplateException">The template is broken, or uses what is not supported.</exception>
    public static Block Parse(string source, string where)
    {
        TemplateParser parser = new(new TokenReader(Lexer.Read(source, where), where));
        return parser.ReadBlock(opening: null);
    }

    /// <summary>
    /// Statements up to one of the tags that end them, which is not read; without such tags, to the end of the template.
    /// </summary>
    private Block ReadBlock(string? opening, params ReadOnlySpan<string> ends)
    {
        int line = _tokens.Line;
        _tokens.Enter();
        List<Statement> statements = [];
        while (true)
        {
            Token token = _tokens.Next();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    statements.Add(new WriteText(token.Line, token.Text));
                    break;
                case TokenKind.OutputBegin:
                    statements.Add(new WriteValue(token.Line, _expressions.ReadTuple()));
                    _tokens.Expect(TokenKind.OutputEnd);
                    break;
                case TokenKind.TagBegin when _tokens.Current.Kind == TokenKind.Name && ends.Contains(_tokens.Current.Text):
                    _tokens.Leave();
                    return new Block(line, statements);
                case TokenKind.TagBegin:
                    statements.Add(ReadStatement());
                    _tokens.Expect(TokenKind.TagEnd);
                    break;
                case TokenKind.End when opening is null:
                    _tokens.Leave();
                    return new Block(line, statements);
                default:
                    throw _tokens.Fail(line, $"the tag '{opening}' has no '{ends[^1]}'");
            }
        }
    }

    /// <summary>The body between the tags of a statement: from the end of the first tag to the name in the last.</summary>
    private Block ReadBody(string opening, params ReadOnlySpan<string> ends)
    {
        _tokens.Expect(TokenKind.TagEnd);
        return ReadBlock(opening, ends);
    }

    private Statement ReadStatement()
    {
        int line = _tokens.Line;
        string tag = _tokens.ExpectName("the name of a tag");
        return tag switch
        {
            "if" => ReadIf(line),
            "for" => ReadFor(line),
            "set" => ReadSet(line),
            "macro" => ReadMacro(line),
            "generation" => ReadGeneration(),
            "break" => ReadJump(line, tag, Flow.Break),
            "continue" => ReadJump(line, tag, Flow.Continue),
            _ => throw _tokens.Fail(line, $"the tag '{tag}' is not supported here"),
        };
    }

    private If ReadIf(int line)
    {
        List<KeyValuePair<Expression, Block>> branches = [];
        do
        {
            Expression condition = _expressions.ReadTuple();
            branches.Add(new(condition, ReadBody("if", "elif", "else", "endif")));
        }
        while (_tokens.SkipName("elif"));
        Block? otherwise = _tokens.SkipName("else") ? ReadBody("else", "endif") : null;
        _tokens.Next();
        return new If(line, branches, otherwise);
    }

    private For ReadFor(int line)
    {
        Target target = ReadNames();
        if (!_tokens.SkipName("in"))
            throw _tokens.Fail($"'in' is expected, not {_tokens.Current}");
        Expression items = _expressions.ReadTuple(withConditional: false);
        Expression? condition = _tokens.SkipName("if") ? _expressions.Read() : null;
        if (_tokens.IsName("recursive"))
            throw _tokens.Fail("a recursive loop is not supported");
        _loops++;
        Block body = ReadBody("for", "else", "endfor");
        _loops--;
        Block? otherwise = _tokens.SkipName("else") ? ReadBody("else", "endfor") : null;
        _tokens.Next();
        return new For(line, target, items, condition, body, otherwise);
    }

    private Target ReadNames()
    {
        bool inParentheses = _tokens.SkipOperator("(");
        List<Target> names = [ReadTarget()];
        while (_tokens.SkipOperator(","))
            names.Add(ReadTarget());
        if (inParentheses)
            _tokens.ExpectOperator(")");
        return names.Count == 1 ? names[0] : new TupleTarget(names);
    }

    private Target ReadTarget()
    {
        string name = _tokens.ExpectName("the name of a variable");
        if (name is "true" or "false" or "none" or "True" or "False" or "None" or "loop")
            throw _tokens.Fail($"'{name}' cannot be set");
        return _tokens.SkipOperator(".") ? new MemberTarget(name, _tokens.ExpectName("the name of an attribute")) : new NameTarget(name);
    }

    private Set ReadSet(int line)
    {
        Target target = ReadNames();
        if (_tokens.SkipOperator("="))
            return new Set(line, target, _expressions.ReadTuple());

        // the filters stand before the body that they are for
        CapturedText text = new(line);
        Expression value = text;
        while (_tokens.SkipOperator("|"))
            value = _operands.ReadFilter(value);
        text.Body = ReadBodyOutsideLoops("set", "endset");
        return new Set(line, target, value);
    }

    private Macro ReadMacro(int line)
    {
        string name = _tokens.ExpectName("the name of a macro");
        List<KeyValuePair<string, Expression?>> parameters = [];
        _tokens.ExpectOperator("(");
        while (!_tokens.SkipOperator(")"))
        {
            if (parameters.Count > 0)
                _tokens.ExpectOperator(",");
            string parameter = _tokens.ExpectName("the name of a parameter");
            parameters.Add(new(parameter, _tokens.SkipOperator("=") ? _expressions.Read() : null));
        }

        return new Macro(line, name, parameters, ReadBodyOutsideLoops("macro", "endmacro"));
    }

    private Block ReadGeneration()
    {
        Block body = ReadBody("generation", "endgeneration");
        _tokens.Next();
        return body;
    }

    /// <summary>A body in which break and continue have no loop to act on, with the name of its last tag.</summary>
    private Block ReadBodyOutsideLoops(string opening, string end)
    {
        int loops = _loops;
        _loops = 0;
        Block body = ReadBody(opening, end);
        _loops = loops;
        _tokens.Next();
        return body;
    }

    private Jump ReadJump(int line, string tag, Flow flow) =>
        _loops > 0 ? new Jump(line, flow) : throw _tokens.Fail(line, $"'{tag}' stands outside a loop");
}
