using System.Globalization;
using System.Text;
using Sluice.Engine.Templates.Running;

namespace Sluice.Engine.Templates.Library;

/// <summary>The directives of strftime that templates use, with English names.</summary>
internal static class TimeFormat
{
    public static string Format(RenderRun run, string format, DateTimeOffset time)
    {
        StringBuilder text = new();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                text.Append(format[i]);
                continue;
            }

            bool isBare = i + 2 < format.Length && format[i + 1] == '-';
            i += isBare ? 2 : 1;
            if (i >= format.Length)
                throw run.Fail("strftime_now is given a format that ends in '%'");
            string part = Directive(run, format[i], time);
            text.Append(isBare && part.Length > 1 ? part.TrimStart('0').PadLeft(1, '0') : part);
        }

        return text.ToString();
    }

    private static string Directive(RenderRun run, char directive, DateTimeOffset time) => directive switch
    {
        'Y' => Part(time, "yyyy"),
        'y' => Part(time, "yy"),
        'm' => Part(time, "MM"),
        'd' => Part(time, "dd"),
        'b' => Part(time, "MMM"),
        'B' => Part(time, "MMMM"),
        'a' => Part(time, "ddd"),
        'A' => Part(time, "dddd"),
        'H' => Part(time, "HH"),
        'I' => Part(time, "hh"),
        'M' => Part(time, "mm"),
        'S' => Part(time, "ss"),
        'p' => Part(time, "tt"),
        'F' => Part(time, "yyyy-MM-dd"),
        'T' => Part(time, "HH:mm:ss"),
        'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        '%' => "%",
        _ => throw run.Fail($"strftime_now knows no '%{directive}'"),
    };

    private static string Part(DateTimeOffset time, string format) => time.ToString(format, CultureInfo.InvariantCulture);
}
