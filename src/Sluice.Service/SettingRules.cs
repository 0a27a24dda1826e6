using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Sluice.Service;

/// <summary>Holds an options class to the attributes of its properties; each message names the setting by its path and the value that it has.</summary>
internal sealed class SettingRules<T>(string section) : IValidateOptions<T>
    where T : class
{
    public ValidateOptionsResult Validate(string? name, T options)
    {
        List<string> faults = [];
        foreach (PropertyInfo property in typeof(T).GetProperties())
        {
            object? value = property.GetValue(options);
            faults.AddRange(property.GetCustomAttributes<ValidationAttribute>()
                .Where(rule => !rule.IsValid(value))
                .Select(rule => $"{section}:{property.Name}: {Limit(rule)}; got '{Convert.ToString(value, CultureInfo.InvariantCulture)}'."));
        }
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static string Limit(ValidationAttribute rule) => rule switch
    {
        RangeAttribute range => $"must be from {Convert.ToString(range.Minimum, CultureInfo.InvariantCulture)} to {Convert.ToString(range.Maximum, CultureInfo.InvariantCulture)}",
        RegularExpressionAttribute pattern => $"must match {pattern.Pattern}",
        RequiredAttribute => "is required",
        _ => rule.FormatErrorMessage("the value"),
    };
}

/// <summary>How a folder registers its options.</summary>
internal static class SettingRules
{
    /// <summary>Binds a section and checks it when the host starts.</summary>
    public static OptionsBuilder<T> AddSettings<T>(this IServiceCollection services, string section)
        where T : class
    {
        services.AddSingleton<IValidateOptions<T>>(new SettingRules<T>(section));
        return services.AddOptions<T>().BindConfiguration(section).ValidateOnStart();
    }
}
