namespace Sluice.Engine.Templates.Syntax;

/// <summary>Reads expressions by Jinja's order of operators, from the loosest to unary signs.</summary>
internal sealed class ExpressionParser
{
    private static readonly string[] s_comparisons = ["==", "!=", "<=", ">=", "<", ">"];
    private static readonly string[] s_sums = ["+", "-"];
    private static readonly string[] s_products = ["*", "/", "//", "%"];
    private static readonly string[] s_powers = ["**"];

    private readonly TokenReader _tokens;
    private readonly OperandParser _operands;

    public ExpressionParser(TokenReader tokens)
    {
        _tokens = tokens;
        _operands = new OperandParser(tokens, this);
    }

    public Expression Read()
    {
        _tokens.Enter();
        int line = _tokens.Line;
        Expression value = ReadOr();
        while (_tokens.SkipName("if"))
        {
            Expression condition = ReadOr();
            value = new Conditional(line, condition, value, _tokens.SkipName("else") ? Read() : null);
        }

        _tokens.Leave();
        return value;
    }

    /// <summary>One expression, or several with commas between: a tuple.</summary>
    public Expression ReadTuple(bool withConditional = true)
    {
        int line = _tokens.Line;
        Expression first = withConditional ? Read() : ReadOr();
        if (!_tokens.IsOperator(","))
            return first;
        List<Expression> items = [first];
        while (_tokens.SkipOperator(",") && _tokens.Current.Kind is not (TokenKind.OutputEnd or TokenKind.TagEnd))
            items.Add(withConditional ? Read() : ReadOr());
        return new ListExpression(line, items, isTuple: true);
    }

    /// <summary>An expression in which a following <c>if</c> is not part of it.</summary>
    public Expression ReadOr()
    {
        int line = _tokens.Line;
        Expression left = ReadAnd();
        while (_tokens.SkipName("or"))
            left = new Logical(line, isOr: true, left, ReadAnd());
        return left;
    }

    private Expression ReadAnd()
    {
        int line = _tokens.Line;
        Expression left = ReadNot();
        while (_tokens.SkipName("and"))
            left = new Logical(line, isOr: false, left, ReadNot());
        return left;
    }

    private Expression ReadNot()
    {
        int line = _tokens.Line;
        if (!_tokens.SkipName("not"))
            return ReadComparison();
        _tokens.Enter();
        Expression operand = ReadNot();
        _tokens.Leave();
        return new Not(line, operand);
    }

    private Expression ReadComparison()
    {
        int line = _tokens.Line;
        Expression first = ReadSum();
        List<KeyValuePair<string, Expression>> links = [];
        while (TakeComparison() is string sign)
            links.Add(new(sign, ReadSum()));
        return links.Count == 0 ? first : new Comparison(line, first, links);
    }

    private string? TakeComparison()
    {
        if (_tokens.SkipName("in"))
            return "in";
        if (_tokens.IsName("not") && _tokens.IsNameAhead("in"))
        {
            _tokens.Next();
            _tokens.Next();
            return "not in";
        }

        return TakeSign(s_comparisons);
    }

    private Expression ReadSum() => ReadChain(s_sums, ReadConcatenation);

    private Expression ReadConcatenation()
    {
        int line = _tokens.Line;
        Expression first = ReadProduct();
        if (!_tokens.IsOperator("~"))
            return first;
        List<Expression> parts = [first];
        while (_tokens.SkipOperator("~"))
            parts.Add(ReadProduct());
        return new Concatenation(line, parts);
    }

    private Expression ReadProduct() => ReadChain(s_products, ReadPower);

    private Expression ReadPower() => ReadChain(s_powers, () => ReadUnary(withFilters: true));

    private Expression ReadChain(string[] signs, Func<Expression> readOperand)
    {
        int line = _tokens.Line;
        Expression left = readOperand();
        while (TakeSign(signs) is string sign)
            left = new Binary(line, sign, left, readOperand());
        return left;
    }

    private string? TakeSign(string[] signs) =>
        _tokens.Current.Kind == TokenKind.Operator && signs.Contains(_tokens.Current.Text) ? _tokens.Next().Text : null;

    private Expression ReadUnary(bool withFilters)
    {
        int line = _tokens.Line;
        Expression value;
        if (_tokens.IsOperator("-") || _tokens.IsOperator("+"))
        {
            bool isNegative = _tokens.Next().Text == "-";
            _tokens.Enter();
            value = new Signed(line, isNegative, ReadUnary(withFilters: false));
            _tokens.Leave();
        }
        else
        {
            value = _operands.Read();
        }

        return withFilters ? _operands.ReadFilters(value) : value;
    }
}
