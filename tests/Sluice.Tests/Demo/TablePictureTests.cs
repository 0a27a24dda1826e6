using System.Xml.Linq;
using Sluice.Cli.Demo;
using Spectre.Console;
using Xunit;

namespace Sluice.Tests.Demo;

public sealed class TablePictureTests
{
    [Fact]
    public void It_shows_every_text_of_the_table_in_its_colour_and_draws_the_border_as_lines()
    {
        Table table = new Table { Border = TableBorder.Rounded }.AddColumns("", "").HideHeaders();
        table.AddRow("[bold]a & b[/]", "[green]0 < 1[/]").AddRow("last", "[red]bad[/]");
        using StringWriter writer = new();
        TablePicture.Draw("the title", table, writer);

        XElement[] texts = [.. XDocument.Parse(writer.ToString()).Descendants().Where(e => e.Name.LocalName == "text")];
        Assert.Equal(["the title", "a & b", "0 < 1", "last", "bad"], texts.Select(e => e.Value));
        Assert.Equal(["600", null, null, null], texts[1..].Select(e => (string?)e.Attribute("font-weight")));
        Assert.Equal([true, true, true, false, true], texts.Select(e => e.Attribute("fill") is not null)); // plain is the default
        Assert.DoesNotContain('│', writer.ToString());
    }
}
