using Microsoft.Extensions.Options;

namespace Sluice.Service.Queue;

/// <summary>What attributes cannot say about <see cref="QueueOptions"/>.</summary>
internal sealed class QueueOptionsValidator : IValidateOptions<QueueOptions>
{
    public ValidateOptionsResult Validate(string? name, QueueOptions options)
    {
        List<string> errors = [];
        if (options.Transport == QueueTransport.RabbitMq
            && !(Uri.TryCreate(options.Host, UriKind.Absolute, out Uri? host) && host.Scheme is "amqp" or "amqps"))
        {
            errors.Add("Queue:Host must be an amqp:// or amqps:// address.");
        }
        Positive(nameof(options.RelayPoll), options.RelayPoll);
        Positive(nameof(options.PublishTimeout), options.PublishTimeout);
        Positive(nameof(options.RelayBackoff), options.RelayBackoff);
        if (options.RelayBackoff > TimeSpan.Zero && options.RelayBackoff < options.RelayPoll)
        {
            errors.Add($"Queue:RelayBackoff must be at least Queue:RelayPoll ({options.RelayPoll}); it is {options.RelayBackoff}.");
        }
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Positive(string setting, TimeSpan value)
        {
            if (value <= TimeSpan.Zero)
            {
                errors.Add($"Queue:{setting} must be above zero; it is {value}.");
            }
        }
    }
}
