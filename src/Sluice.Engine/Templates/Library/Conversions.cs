using System.Globalization;
using Sluice.Engine.Templates.Running;
using Sluice.Engine.Templates.Values;

namespace Sluice.Engine.Templates.Library;

/// <summary>The filters int and float: what is no number becomes the default.</summary>
internal static class Conversions
{
    private const int LongestNumber = 400;

    public static Value ToInt(RenderRun run, Value value, Arguments arguments)
    {
        Value missing = arguments.Next("default") ?? new IntValue(0);
        if (value is TextValue { Text.Length: > LongestNumber })
            return missing;
        switch (value)
        {
            case IntValue:
                return value;
            case BoolValue flag:
                return new IntValue(flag.IsTrue ? 1 : 0);
            case TextValue text when long.TryParse(text.Text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number):
                return new IntValue(number, text.HasContent);
        }

        double? given = Number(value);
        return given is double found && Math.Abs(found) < long.MaxValue ? new IntValue((long)found, HasContent(value)) : missing;
    }

    public static Value ToFloat(RenderRun run, Value value, Arguments arguments)
    {
        Value missing = arguments.Next("default") ?? new FloatValue(0);
        return Number(value) is double number ? new FloatValue(number, HasContent(value)) : missing;
    }

    private static double? Number(Value value) => value switch
    {
        TextValue { Text.Length: <= LongestNumber } text => double.TryParse(
            text.Text.Trim(), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double number)
            ? number : null,
        _ => Arithmetic.IsNumber(value) ? Arithmetic.AsDouble(value) : null,
    };

    private static bool HasContent(Value value) => value is TextValue { HasContent: true } || Arithmetic.IsContent(value);
}
