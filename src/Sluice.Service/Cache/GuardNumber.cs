namespace Sluice.Service.Cache;

/// <summary>Numbers as they are written: <c>#4711</c> is 4711, <c>1,000</c> is 1000, <c>5kg</c> is 5 and kg.</summary>
internal static class GuardNumber
{
    private const string Currencies = "$\u20AC\u00A3\u00A5";

    /// <param name="number">Sign, currency, digits and points.</param>
    /// <param name="rest">What stands behind the digits, as written: a unit, a percent sign, the rest of a date.</param>
    public static bool TryRead(ReadOnlySpan<char> core, out string number, out string rest)
    {
        number = rest = "";
        int from = core[0] == '#' ? 1 : 0;
        int at = from;
        while (at < core.Length && (core[at] is '-' or '+' || Currencies.Contains(core[at])))
        {
            at++;
        }
        int digits = at;
        while (at < core.Length && (char.IsAsciiDigit(core[at]) || (core[at] is '.' or ',' && at > digits && at + 1 < core.Length && char.IsAsciiDigit(core[at + 1]))))
        {
            at++;
        }
        if (at == digits)
        {
            return false;
        }
        number = string.Concat(core[from..digits], Plain(core[digits..at]));
        rest = core[at..].ToString();
        return true;
    }

    /// <summary>Without the commas of thousands; any other comma stays.</summary>
    private static string Plain(ReadOnlySpan<char> digits)
    {
        int first = digits.IndexOf(',');
        if (first is < 1 or > 3)
        {
            return digits.ToString();
        }
        ReadOnlySpan<char> whole = digits.IndexOf('.') is int point and >= 0 ? digits[..point] : digits;
        for (int at = first; at < whole.Length; at += 4)
        {
            if (whole[at] != ',' || whole.Length - at < 4 || whole.Slice(at + 1, 3).Contains(','))
            {
                return digits.ToString();
            }
        }
        return (whole.Length - first) % 4 == 0 ? digits.ToString().Replace(",", "", StringComparison.Ordinal) : digits.ToString();
    }
}
