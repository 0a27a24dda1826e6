using System.Globalization;
using System.Security;
using System.Text;
using Sluice.Batching.Simulation;

namespace Sluice.Cli.Bench.Batching;

/// <summary>Draws the tokens that each policy delivers on time, per load, as a share of the schedule made with hindsight.</summary>
internal static class BatchingPlot
{
    private const int BarWidth = 22, Gap = 40, Height = 260, Left = 60, Top = 50;
    private static readonly string[] s_colours = ["#0b6e4f", "#9aa0a6", "#c58b1b", "#4f7cac", "#7a5195", "#b5523b", "#5c6b3c"];

    public static string Draw(string trace, IReadOnlyList<LoadReport> loads)
    {
        string[] names = [.. loads[0].Policies.Keys];
        int group = names.Length * BarWidth + Gap;
        int width = Left + loads.Count * group + 170, height = Top + Height + 50;
        StringBuilder svg = new();
        Line(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">");
        Line(svg, $"<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>");
        Line(svg, $"<text x=\"{Left}\" y=\"22\" font-size=\"15\">Tokens on time, of a schedule made with hindsight: {SecurityElement.Escape(trace)}</text>");
        for (int tenth = 0; tenth <= 10; tenth += 2)
        {
            double y = Top + Height * (1 - tenth / 10.0);
            Line(svg, $"<line x1=\"{Left}\" y1=\"{y:0.#}\" x2=\"{width - 150}\" y2=\"{y:0.#}\" stroke=\"#ddd\"/><text x=\"{Left - 8}\" y=\"{y + 4:0.#}\" text-anchor=\"end\">{tenth * 10} %</text>");
        }
        for (int l = 0; l < loads.Count; l++)
        {
            LoadReport load = loads[l];
            int x = Left + Gap / 2 + l * group;
            Line(svg, $"<text x=\"{x + names.Length * BarWidth / 2}\" y=\"{Top + Height + 22}\" text-anchor=\"middle\">load {load.Load:0.0#}</text>");
            for (int p = 0; p < names.Length; p++)
            {
                double share = load.ClairvoyantOnTimeTok == 0 ? 0 : load.Policies[names[p]].OnTimeTok / load.ClairvoyantOnTimeTok;
                double tall = Height * share;
                Line(svg, $"<rect x=\"{x + p * BarWidth}\" y=\"{Top + Height - tall:0.#}\" width=\"{BarWidth - 3}\" height=\"{tall:0.#}\" fill=\"{s_colours[p % s_colours.Length]}\"><title>{names[p]}: {share:P1}</title></rect>");
            }
        }
        for (int p = 0; p < names.Length; p++)
        {
            int y = Top + 10 + p * 20;
            Line(svg, $"<rect x=\"{width - 135}\" y=\"{y - 10}\" width=\"12\" height=\"12\" fill=\"{s_colours[p % s_colours.Length]}\"/><text x=\"{width - 118}\" y=\"{y}\">{names[p]}</text>");
        }
        Line(svg, $"</svg>");
        return svg.ToString();
    }

    private static void Line(StringBuilder svg, FormattableString text) => svg.AppendLine(text.ToString(CultureInfo.InvariantCulture));
}
