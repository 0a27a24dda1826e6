using System.Text;
using Sluice.Service.Intake;
using Sluice.Service.Submissions;
using Xunit;

namespace Sluice.Tests.Submissions;

public sealed class SubmissionLineTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public void An_id_that_cannot_be_stored_is_none_however_much_else_is_wrong(int unknown)
    {
        string more = string.Concat(Enumerable.Range(0, unknown).Select(i => $"\"x{i}\":1,"));
        RequestErrors errors = new();
        Assert.Null(SubmissionLine.Read(Encoding.UTF8.GetBytes($$"""{{{more}}"custom_id":"a\u0000b","model":"stub","prompt":"p"}"""), errors, out string? customId));
        Assert.Null(customId);
        Assert.NotEmpty(errors.All);
    }

    [Fact]
    public void An_id_that_can_is_told_with_the_faults()
    {
        Assert.Null(SubmissionLine.Read("""{"custom_id":"a","odd":1}"""u8.ToArray(), new RequestErrors(), out string? customId));
        Assert.Equal("a", customId);
    }
}
