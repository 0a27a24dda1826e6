using System.Globalization;
using Sluice.Engine.Templates.Library;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Syntax;

/// <summary>Reads literals, names and brackets, and what follows them: attributes, items, slices, calls, filters and tests.</summary>
internal sealed class OperandParser(TokenReader tokens, ExpressionParser expressions)
{
    // a name that goes on after a test, and is not its argument
    private static readonly string[] s_afterTest = ["else", "or", "and", "if", "not", "in", "is"];

    public Expression Read() => ReadPostfix(ReadPrimary());

    /// <summary>Filters and tests after an operand, and calls of their results.</summary>
    public Expression ReadFilters(Expression value)
    {
        while (true)
        {
            if (tokens.SkipOperator("|"))
                value = ReadFilter(value);
            else if (tokens.IsName("is"))
                value = ReadTest(value);
            else
                return value;
        }
    }

    /// <summary>A filter whose <c>|</c> has been read.</summary>
    public Expression ReadFilter(Expression value)
    {
        int line = tokens.Line;
        string name = tokens.ExpectName("the name of a filter");
        Filter filter = Filters.Find(name) ?? throw tokens.Fail(line, $"the filter '{name}' is not supported");
        return new FilterCall(line, name, filter, value, tokens.IsOperator("(") ? ReadArguments() : CallArguments.None);
    }

    private Expression ReadTest(Expression value)
    {
        int line = tokens.Line;
        tokens.Next();
        bool negated = tokens.SkipName("not");
        string name = tokens.ExpectName("the name of a test");
        Test test = Tests.Find(name) ?? throw tokens.Fail(line, $"the test '{name}' is not supported");
        CallArguments arguments = CallArguments.None;
        if (tokens.IsOperator("("))
            arguments = ReadArguments();
        else if (BeginsArgument())
            arguments = new CallArguments([Read()], []);
        TestCall call = new(line, name, test, value, arguments);
        return negated ? new Not(line, call) : call;
    }

    private bool BeginsArgument() => tokens.Current.Kind switch
    {
        TokenKind.Name => !s_afterTest.Contains(tokens.Current.Text),
        TokenKind.Text or TokenKind.Integer or TokenKind.Float => true,
        _ => tokens.IsOperator("[") || tokens.IsOperator("{"),
    };

    private Expression ReadPostfix(Expression value)
    {
        while (true)
        {
            int line = tokens.Line;
            if (tokens.SkipOperator("."))
                value = ReadMember(line, value);
            else if (tokens.SkipOperator("["))
                value = ReadSubscript(line, value);
            else if (tokens.IsOperator("("))
                value = new Call(line, value, NameOf(value), ReadArguments());
            else
                return value;
        }
    }

    private Expression ReadMember(int line, Expression owner)
    {
        if (tokens.Current.Kind == TokenKind.Integer)
            return new Item(line, owner, ReadInteger());
        return new Member(line, owner, tokens.ExpectName("the name of an attribute"));
    }

    private Expression ReadSubscript(int line, Expression owner)
    {
        Expression? from = tokens.IsOperator(":") ? null : expressions.Read();
        if (from is not null && tokens.SkipOperator("]"))
            return new Item(line, owner, from);
        tokens.ExpectOperator(":");
        Expression? to = tokens.IsOperator(":") || tokens.IsOperator("]") ? null : expressions.Read();
        Expression? step = tokens.SkipOperator(":") && !tokens.IsOperator("]") ? expressions.Read() : null;
        tokens.ExpectOperator("]");
        return new Slice(line, owner, from, to, step);
    }

    private static string NameOf(Expression callee) => callee switch
    {
        NameExpression name => name.Name,
        Member member => member.Name,
        _ => "what is called",
    };

    private CallArguments ReadArguments()
    {
        tokens.ExpectOperator("(");
        List<Expression> positional = [];
        List<KeyValuePair<string, Expression>> named = [];
        while (!tokens.SkipOperator(")"))
        {
            if (positional.Count + named.Count > 0)
            {
                tokens.ExpectOperator(",");
                if (tokens.SkipOperator(")"))
                    break;
            }

            if (tokens.IsOperator("*") || tokens.IsOperator("**"))
                throw tokens.Fail($"'{tokens.Current.Text}' before an argument is not supported");
            if (tokens.Current.Kind == TokenKind.Name && tokens.IsOperatorAhead("="))
            {
                string name = tokens.Next().Text;
                tokens.Next();
                if (named.Exists(argument => argument.Key == name))
                    throw tokens.Fail($"the argument {name} is given twice");
                named.Add(new(name, expressions.Read()));
            }
            else if (named.Count > 0)
            {
                throw tokens.Fail("an argument without a name after one with a name");
            }
            else
            {
                positional.Add(expressions.Read());
            }
        }

        return new CallArguments(positional, named);
    }

    private Expression ReadPrimary()
    {
        int line = tokens.Line;
        Token token = tokens.Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                tokens.Next();
                return ReadName(line, token.Text);
            case TokenKind.Text:
                List<string> texts = [];
                while (tokens.Current.Kind == TokenKind.Text)
                    texts.Add(tokens.Next().Text);
                return new Constant(line, TextValue.Template(string.Concat(texts)));
            case TokenKind.Integer:
                return ReadInteger();
            case TokenKind.Float:
                tokens.Next();
                return new Constant(line, new FloatValue(double.Parse(token.Text, CultureInfo.InvariantCulture)));
            case TokenKind.Operator when token.Text is "(":
                tokens.Next();
                return ReadParentheses(line);
            case TokenKind.Operator when token.Text is "[":
                tokens.Next();
                return new ListExpression(line, ReadItems("]"), isTuple: false);
            case TokenKind.Operator when token.Text is "{":
                tokens.Next();
                return ReadMap(line);
            default:
                throw tokens.Fail($"an expression is expected, not {token}");
        }
    }

    private static Expression ReadName(int line, string name) => name switch
    {
        "true" or "True" => new Constant(line, BoolValue.True),
        "false" or "False" => new Constant(line, BoolValue.False),
        "none" or "None" => new Constant(line, NoneValue.None),
        _ => new NameExpression(line, name),
    };

    private Constant ReadInteger()
    {
        Token token = tokens.Next();
        return long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? new Constant(token.Line, new IntValue(number))
            : throw tokens.Fail(token.Line, "an integer does not fit in 64 bits");
    }

    private Expression ReadParentheses(int line)
    {
        if (tokens.SkipOperator(")"))
            return new ListExpression(line, [], isTuple: true);
        Expression first = expressions.Read();
        if (tokens.SkipOperator(")"))
            return first;
        tokens.ExpectOperator(",");
        return new ListExpression(line, [first, .. ReadItems(")")], isTuple: true);
    }

    private List<Expression> ReadItems(string close)
    {
        List<Expression> items = [];
        while (!tokens.SkipOperator(close))
        {
            items.Add(expressions.Read());
            if (!tokens.IsOperator(close))
                tokens.ExpectOperator(",");
        }

        return items;
    }

    private MapExpression ReadMap(int line)
    {
        List<KeyValuePair<Expression, Expression>> entries = [];
        while (!tokens.SkipOperator("}"))
        {
            Expression key = expressions.Read();
            tokens.ExpectOperator(":");
            entries.Add(new(key, expressions.Read()));
            if (!tokens.IsOperator("}"))
                tokens.ExpectOperator(",");
        }

        return new MapExpression(line, entries);
    }
}
