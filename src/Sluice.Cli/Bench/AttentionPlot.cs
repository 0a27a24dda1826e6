using System.Globalization;
using System.Text;
using Sluice.Engine.Measuring;

namespace Sluice.Cli.Bench;

/// <summary>Draws the gain by group size, a line per prefix length, with what bytes and operations predict dashed and what bytes alone predict dotted; both axes are logarithmic.</summary>
internal static class AttentionPlot
{
    private const int Left = 60, Top = 50, Width = 460, Height = 300, Right = 190;
    private static readonly string[] s_colours = ["#4f7cac", "#0b6e4f", "#c58b1b", "#7a5195", "#b5523b", "#5c6b3c", "#9aa0a6"];

    public static string Draw(AttentionFigures figures)
    {
        int[] members = [.. figures.Gains.Select(g => g.Members).Distinct().Order()];
        int[] prefixes = [.. figures.Gains.Select(g => g.Prefix).Distinct().Order()];
        double most = Math.Log2(Math.Max(2, figures.Gains.Max(g => Math.Max(g.GainRange[1], Math.Max(g.PredictedGain, g.BytesGain)))));
        double least = Math.Log2(members[0]), span = Math.Max(1, Math.Log2(members[^1]) - least);
        StringBuilder svg = new();
        Line(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Left + Width + Right}\" height=\"{Top + Height + 60}\" font-family=\"sans-serif\" font-size=\"12\">");
        Line(svg, $"<rect width=\"{Left + Width + Right}\" height=\"{Top + Height + 60}\" fill=\"white\"/>");
        Line(svg, $"<text x=\"{Left}\" y=\"22\" font-size=\"15\">Attending to a prefix together, gain over a copy each ({figures.Path}, KV {figures.Kv})</text>");
        for (int power = 0; power <= most; power++)
        {
            Line(svg, $"<line x1=\"{Left}\" y1=\"{Y(1 << power):0.#}\" x2=\"{Left + Width}\" y2=\"{Y(1 << power):0.#}\" stroke=\"#ddd\"/><text x=\"{Left - 8}\" y=\"{Y(1 << power) + 4:0.#}\" text-anchor=\"end\">{1 << power} x</text>");
        }
        foreach (int m in members) Line(svg, $"<text x=\"{X(m):0.#}\" y=\"{Top + Height + 20}\" text-anchor=\"middle\">{m}</text>");
        Line(svg, $"<text x=\"{Left + Width / 2}\" y=\"{Top + Height + 42}\" text-anchor=\"middle\">sequences of the group</text>");
        for (int p = 0; p < prefixes.Length; p++)
        {
            string colour = s_colours[p % s_colours.Length];
            AttentionGain[] gains = [.. figures.Gains.Where(g => g.Prefix == prefixes[p]).OrderBy(g => g.Members)];
            Line(svg, $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{Points(gains, g => g.Gain)}\"/>");
            Line(svg, $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-dasharray=\"4 4\" points=\"{Points(gains, g => g.PredictedGain)}\"/>");
            Line(svg, $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-dasharray=\"1 4\" points=\"{Points(gains, g => g.BytesGain)}\"/>");
            foreach (AttentionGain g in gains)
            {
                Line(svg, $"<circle cx=\"{X(g.Members):0.#}\" cy=\"{Y(g.Gain):0.#}\" r=\"3\" fill=\"{colour}\"><title>{g.Members} x {g.Prefix}: {g.Gain:0.00}, predicted {g.PredictedGain:0.00}, by bytes alone {g.BytesGain:0.00}</title></circle>");
            }
            int y = Top + 10 + p * 20;
            Line(svg, $"<line x1=\"{Left + Width + 20}\" y1=\"{y}\" x2=\"{Left + Width + 45}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"{Left + Width + 52}\" y=\"{y + 4}\">{prefixes[p]:N0} tokens</text>");
        }
        Line(svg, $"<text x=\"{Left + Width + 20}\" y=\"{Top + 20 + prefixes.Length * 20}\">dashed: what bytes</text><text x=\"{Left + Width + 20}\" y=\"{Top + 36 + prefixes.Length * 20}\">and operations allow</text>");
        Line(svg, $"<text x=\"{Left + Width + 20}\" y=\"{Top + 56 + prefixes.Length * 20}\">dotted: what bytes</text><text x=\"{Left + Width + 20}\" y=\"{Top + 72 + prefixes.Length * 20}\">alone allow</text>");
        Line(svg, $"</svg>");
        return svg.ToString();

        double X(double value) => Left + Width * (Math.Log2(value) - least) / span;
        double Y(double gain) => Top + Height * (1 - Math.Log2(Math.Max(1, gain)) / most);
        string Points(AttentionGain[] gains, Func<AttentionGain, double> of) =>
            string.Join(' ', gains.Select(g => string.Create(CultureInfo.InvariantCulture, $"{X(g.Members):0.#},{Y(of(g)):0.#}")));
    }

    private static void Line(StringBuilder svg, FormattableString text) => svg.AppendLine(text.ToString(CultureInfo.InvariantCulture));
}
