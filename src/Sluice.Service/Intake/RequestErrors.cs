using System.Globalization;
using Sluice.Jobs;

namespace Sluice.Service.Intake;

/// <summary>Collects what is wrong with a request; messages name the limit and the value.</summary>
internal sealed class RequestErrors
{
    private const int Most = 64;
    private readonly List<FieldError> _errors = [];

    public IReadOnlyList<FieldError> All => _errors;

    public void Add(string field, string message, string code = "invalid")
    {
        if (_errors.Count < Most)
        {
            _errors.Add(new FieldError(field, message, code));
        }
    }

    public void Required(string field, string what = "is required") => Add(field, $"{field} {what}.", "required");

    public void NotSupported(string field, string what) => Add(field, $"{field}: {what}", "not_supported");

    /// <summary>Finite and within [low, high], the low end left out where <paramref name="above"/>.</summary>
    public void Range(string field, double? value, double low, double high, bool above = false)
    {
        if (value is not double number)
        {
            return;
        }
        if (!double.IsFinite(number) || number > high || (above ? number <= low : number < low))
        {
            string lowest = above ? $"above {Text(low)} and at most" : $"from {Text(low)} to";
            Add(field, $"{field} must be {lowest} {Text(high)}; got {Text(number)}.");
        }
    }

    public void Range(string field, int? value, int low, int high)
    {
        if (value is int number && (number < low || number > high))
        {
            Add(field, $"{field} must be from {Text(low)} to {Text(high)}; got {Text(number)}.");
        }
    }

    /// <summary>Holds no character that cannot be stored.</summary>
    public void Text(string field, string? text)
    {
        if (text is not null && TextRules.Fault(text) is string fault)
        {
            Add(field, $"{field} {fault}.");
        }
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
