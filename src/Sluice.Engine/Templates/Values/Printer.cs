using System.Globalization;
using Sluice.Engine.Templates.Running;

namespace Sluice.Engine.Templates.Values;

/// <summary>Values as Python prints them. Lists and mappings with any content in them are content as a whole.</summary>
internal static class Printer
{
    public static void Print(RenderRun run, TextBuilder output, Value value)
    {
        switch (value)
        {
            case TextValue text:
                output.Append(text);
                break;
            case UndefinedValue:
                break;
            case ListValue or MapValue:
                PlainWriter writer = new(run);
                Represent(run, writer, value);
                output.Append(writer.ToText());
                break;
            default:
                output.Append(Scalar(run, value, out bool isContent), isContent);
                break;
        }
    }

    public static TextValue ToText(RenderRun run, Value value)
    {
        if (value is TextValue text)
            return text;
        TextBuilder output = run.NewText();
        Print(run, output, value);
        return output.ToText();
    }

    /// <summary>The shortest digits that read back as the number; with an exponent below 1e-4 and from 1e16 on.</summary>
    public static string Float(double number)
    {
        if (!double.IsFinite(number))
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        if (number == 0)
            return double.IsNegative(number) ? "-0.0" : "0.0";
        string shortest = number.ToString("R", CultureInfo.InvariantCulture);
        int mark = shortest.IndexOf('E', StringComparison.Ordinal);
        string sign = number < 0 ? "-" : "";
        string mantissa = (mark < 0 ? shortest : shortest[..mark])[sign.Length..];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        int whole = (point < 0 ? mantissa.Length : point) + (mark < 0 ? 0 : int.Parse(shortest.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
        string all = mantissa.Replace(".", "", StringComparison.Ordinal);
        string digits = all.TrimStart('0');
        whole -= all.Length - digits.Length;
        digits = digits.TrimEnd('0');
        return sign + (whole is > -4 and <= 16 ? Plain(digits, whole) : Scientific(digits, whole - 1));
    }

    /// <param name="whole">How many of the digits stand before the point; negative for zeros after it.</param>
    private static string Plain(string digits, int whole) => whole <= 0
        ? "0." + new string('0', -whole) + digits
        : digits.Length <= whole ? digits.PadRight(whole, '0') + ".0" : digits[..whole] + "." + digits[whole..];

    private static string Scientific(string digits, int exponent) => string.Create(
        CultureInfo.InvariantCulture,
        $"{digits[0]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");

    private static string Scalar(RenderRun run, Value value, out bool isContent)
    {
        isContent = value is IntValue { IsContent: true } or FloatValue { IsContent: true };
        return value switch
        {
            IntValue number => number.Number.ToString(CultureInfo.InvariantCulture),
            FloatValue number => Float(number.Number),
            BoolValue flag => flag.IsTrue ? "True" : "False",
            NoneValue => "None",
            _ => throw run.Fail($"{value.Kind} cannot be printed"),
        };
    }

    private static void Represent(RenderRun run, PlainWriter writer, Value value)
    {
        run.Evaluate();
        run.Enter();
        switch (value)
        {
            case TextValue text:
                writer.SeesContent(text.HasContent);
                RepresentText(writer, text.Text);
                break;
            case ListValue list:
                RepresentList(run, writer, list);
                break;
            case MapValue map:
                RepresentMap(run, writer, map);
                break;
            case UndefinedValue:
                writer.Write("Undefined");
                break;
            default:
                writer.Write(Scalar(run, value, out bool isContent));
                writer.SeesContent(isContent);
                break;
        }

        run.Leave();
    }

    private static void RepresentList(RenderRun run, PlainWriter writer, ListValue list)
    {
        writer.Write(list.IsTuple ? "(" : "[");
        for (int i = 0; i < list.Items.Count; i++)
        {
            if (i > 0)
                writer.Write(", ");
            Represent(run, writer, list.Items[i]);
        }

        if (list.IsTuple && list.Items.Count == 1)
            writer.Write(",");
        writer.Write(list.IsTuple ? ")" : "]");
    }

    private static void RepresentMap(RenderRun run, PlainWriter writer, MapValue map)
    {
        writer.Write("{");
        for (int i = 0; i < map.Entries.Count; i++)
        {
            if (i > 0)
                writer.Write(", ");
            Represent(run, writer, map.Entries[i].Key);
            writer.Write(": ");
            Represent(run, writer, map.Entries[i].Value);
        }

        writer.Write("}");
    }

    private static void RepresentText(PlainWriter writer, string text)
    {
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        writer.Write(quote);
        foreach (char c in text)
        {
            switch (c)
            {
                case '\n':
                    writer.Write("\\n");
                    break;
                case '\r':
                    writer.Write("\\r");
                    break;
                case '\t':
                    writer.Write("\\t");
                    break;
                case < ' ' or (>= '\u007f' and <= '\u00a0') or '\u00ad':
                    writer.Write($"\\x{(int)c:x2}");
                    break;
                default:
                    if (c == quote || c == '\\')
                        writer.Write('\\');
                    writer.Write(c);
                    break;
            }
        }

        writer.Write(quote);
    }
}
