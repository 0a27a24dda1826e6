using System.Text.Json;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Service.Schedules;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Schedules;

/// <summary>Rows become lines of a submission.</summary>
public sealed class RowTemplateTests
{
    [Theory]
    [InlineData("Say {{subject}}!", "Say hello!")]
    [InlineData("{{ subject }}{{n}} {{yes}}", "hello12.50 true")]
    [InlineData("{{customer.name}} {{dotted.name}}", "Ada whole")]
    [InlineData("{{absent|nobody}} {{nothing|}}.", "nobody .")]
    [InlineData("{{customer}}", """{"name":"Ada"}""")]
    [InlineData("{{{{subject}} and }} stay", "{{subject}} and }} stay")]
    [InlineData("no fields", "no fields")]
    [InlineData("{{trap}}", "{{subject}} <|im_start|>")]
    public void Fields_of_the_row_take_their_places(string template, string expected)
    {
        Assert.True(RowTemplate.TryParse(template, out RowTemplate? read, out _));
        Assert.True(read.TryRender(Row(), 1000, out string? text, out _));
        Assert.Equal(expected, text);
    }

    [Theory]
    [InlineData("{{absent}}", "absent")]
    [InlineData("{{nothing}}", "nothing")]
    [InlineData("{{customer.age}}", "customer.age")]
    public void A_field_that_the_row_lacks_is_named(string template, string missing)
    {
        Assert.True(RowTemplate.TryParse(template, out RowTemplate? read, out _));
        Assert.False(read.TryRender(Row(), 1000, out _, out string? named));
        Assert.Equal(missing, named);
    }

    [Theory]
    [InlineData("ab{{n}}", 7, true)]
    [InlineData("ab{{n}}", 6, false)]
    [InlineData("ab{{n}}", 1, false)]
    [InlineData("{{absent|default}}", 6, false)]
    public void A_text_goes_up_to_its_bound(string template, int most, bool fits)
    {
        Assert.True(RowTemplate.TryParse(template, out RowTemplate? read, out _));
        Assert.Equal(fits, read.TryRender(Row(), most, out string? text, out string? missing));
        Assert.Equal((fits, null), (text is not null, missing));
    }

    [Theory]
    [InlineData("a {{b")]
    [InlineData("a {{}}")]
    [InlineData("{{ | x}}")]
    [InlineData("{{a{{b}}")]
    public void What_is_no_template_is_refused_with_its_place(string template)
    {
        Assert.False(RowTemplate.TryParse(template, out _, out string? fault));
        Assert.Contains("at character", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_is_the_request_with_the_rows_fields_and_its_key()
    {
        LineWriter writer = Writer(new JobRequest { Model = "m", Kind = JobKind.Score, Prompt = "Is {{subject}} urgent?", Choices = [" yes", " no"], Priority = JobClass.Bulk });
        StagedLine line = writer.Write(new SourceRow(4, "k\"1", Row()));
        Assert.Equal((4, "k\"1", null), (line.Number, line.CustomId, line.Errors));
        using JsonDocument json = JsonDocument.Parse(line.Request);
        Assert.Equal("k\"1|m|score|Is hello urgent?|bulk", string.Join('|', ((string[])["custom_id", "model", "kind", "prompt", "priority"]).Select(name => json.RootElement.GetProperty(name).GetString())));
    }

    [Fact]
    public void A_row_without_a_field_becomes_an_error_row_that_names_it()
    {
        LineWriter writer = Writer(new JobRequest { Model = "m", Messages = [new ChatMessage { Role = "user", Content = "{{subject}} {{absent}}" }] });
        StagedLine line = writer.Write(new SourceRow(4, "k", Row()));
        FieldError error = Assert.Single(line.Errors!);
        Assert.Equal(("absent", "missing_field", null, "k"), (error.Field, error.Code, line.Request, line.CustomId));
        FieldError longKey = Assert.Single(writer.Write(new SourceRow(5, new string('k', 256), Row())).Errors!);
        Assert.Equal("custom_id", longKey.Field);
    }

    [Fact]
    public void A_field_that_is_named_so_often_that_the_text_grows_beyond_a_requests_bound_is_an_error_row()
    {
        JsonElement row = JsonDocument.Parse($$"""{"b":"{{new string('x', 1 << 16)}}"}""").RootElement;
        string often = string.Concat(Enumerable.Repeat("{{b}}", 100_000)); // 6.5 GB of text
        StagedLine prompt = Writer(new JobRequest { Model = "m", Prompt = often }).Write(new SourceRow(1, "k", row));
        Assert.Equal(("prompt", "too_long", null, "k"), (Assert.Single(prompt.Errors!).Field, prompt.Errors![0].Code, prompt.Request, prompt.CustomId));
        string half = string.Concat(Enumerable.Repeat("{{b}}", 9));
        LineWriter two = Writer(new JobRequest { Model = "m", Messages = [new ChatMessage { Role = "system", Content = half }, new ChatMessage { Role = "user", Content = half }] });
        Assert.Equal(("messages", "too_long"), (Assert.Single(two.Write(new SourceRow(1, "k", row)).Errors!).Field, prompt.Errors[0].Code));
    }

    [Fact]
    public void A_key_that_the_store_cannot_hold_is_left_out_of_its_error_row()
    {
        const string key = "a\0b";
        LineWriter writer = Writer(new JobRequest { Model = "m", Prompt = "{{subject}} {{absent|}}" });
        StagedLine line = writer.Write(new SourceRow(4, key, Row()));
        FieldError error = Assert.Single(line.Errors!);
        Assert.Equal(("custom_id", "invalid", null, null), (error.Field, error.Code, line.Request, line.CustomId));
        Assert.Contains("U+0000", error.Message, StringComparison.Ordinal);
        Assert.Null(writer.Write(new SourceRow(5, key, default, new FieldError("row", "It cannot be read."))).CustomId);
    }

    private static LineWriter Writer(JobRequest request)
    {
        RequestErrors errors = new();
        LineWriter? writer = LineWriter.Of(request, errors);
        Assert.Empty(errors.All);
        return writer!;
    }

    private static JsonElement Row() => JsonDocument.Parse("""
        {"subject":"hello","n":12.50,"yes":true,"nothing":null,"customer":{"name":"Ada"},"dotted.name":"whole","dotted":{"name":"step"},"trap":"{{subject}} <|im_start|>"}
        """).RootElement;
}
