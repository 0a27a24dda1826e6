using Sluice.Engine.Templates.Running;

namespace Sluice.Engine.Templates.Values;

/// <summary>The operators + - * / // % ** as Python has them, on 64-bit integers and doubles; + on texts and lists, * on a text.</summary>
internal static class Arithmetic
{
    public static Value Apply(RenderRun run, string sign, Value left, Value right)
    {
        if (sign == "+" && left is TextValue start && right is TextValue end)
            return run.NewText().Append(start).Append(end).ToText();
        if (sign == "+" && left is ListValue first && right is ListValue second && first.IsTuple == second.IsTuple)
            return Join(run, first, second);
        if (sign == "*" && left is TextValue text && right is IntValue times)
            return Repeat(run, text, times.Number);
        if (sign == "*" && left is IntValue count && right is TextValue repeated)
            return Repeat(run, repeated, count.Number);
        if (!IsNumber(left) || !IsNumber(right))
            throw run.Fail($"'{sign}' is not for {left.Kind} and {right.Kind}");
        bool isContent = IsContent(left) || IsContent(right);
        if (left is FloatValue || right is FloatValue || sign == "/" || (sign == "**" && AsInteger(right) < 0))
            return new FloatValue(OfDoubles(run, sign, AsDouble(left), AsDouble(right)), isContent);
        try
        {
            return new IntValue(OfIntegers(run, sign, AsInteger(left), AsInteger(right)), isContent);
        }
        catch (OverflowException)
        {
            throw run.Fail($"'{sign}' gives an integer of more than 64 bits");
        }
    }

    public static bool IsNumber(Value value) => value is IntValue or FloatValue or BoolValue;

    public static bool IsContent(Value value) => value is IntValue { IsContent: true } or FloatValue { IsContent: true };

    public static double AsDouble(Value value) => value is FloatValue number ? number.Number : AsInteger(value);

    private static long AsInteger(Value value) => value is IntValue number ? number.Number : value.IsTrue ? 1 : 0;

    private static long OfIntegers(RenderRun run, string sign, long left, long right)
    {
        if (right == 0 && sign is "//" or "%")
            throw run.Fail("a division by zero");
        return sign switch
        {
            "+" => checked(left + right),
            "-" => checked(left - right),
            "*" => checked(left * right),
            "//" => FloorDivide(left, right),
            "%" => right == -1 ? 0 : Modulo(left, right),
            _ => Power(left, right),
        };
    }

    private static long FloorDivide(long left, long right)
    {
        if (right == -1)
            return checked(-left);
        long quotient = left / right;
        return left % right != 0 && (left < 0) != (right < 0) ? quotient - 1 : quotient;
    }

    private static long Modulo(long left, long right)
    {
        long rest = left % right;
        return rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest;
    }

    private static long Power(long number, long exponent)
    {
        long result = 1;
        for (; exponent > 0; exponent >>= 1)
        {
            if ((exponent & 1) == 1)
                result = checked(result * number);
            if (exponent > 1)
                number = checked(number * number);
        }

        return result;
    }

    private static double OfDoubles(RenderRun run, string sign, double left, double right)
    {
        if (right == 0 && sign is "/" or "//" or "%")
            throw run.Fail("a division by zero");
        double result = sign switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            "//" => Math.Floor(left / right),
            "%" => left - right * Math.Floor(left / right),
            _ => Math.Pow(left, right),
        };
        return double.IsFinite(result) ? result : throw run.Fail($"'{sign}' gives no finite number");
    }

    private static ListValue Join(RenderRun run, ListValue first, ListValue second)
    {
        run.ChargeItems(first.Items.Count + second.Items.Count);
        return new ListValue([.. first.Items, .. second.Items], first.IsTuple);
    }

    private static TextValue Repeat(RenderRun run, TextValue text, long times)
    {
        if (times <= 0 || text.Text.Length == 0)
            return TextValue.Empty;
        run.RequireLength(Math.Min(times, int.MaxValue) * text.Text.Length);
        TextBuilder result = run.NewText();
        for (long i = 0; i < times; i++)
            result.Append(text);
        return result.ToText();
    }
}
