using System.Diagnostics;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>Waits for what a running gateway comes to by itself.</summary>
internal static class Until
{
    /// <summary>Looks every 50 ms.</summary>
    /// <exception cref="TimeoutException">It did not come; the message says what.</exception>
    public static Task HoldsAsync(Func<bool> condition, string what, int seconds) => HoldsAsync(() => Task.FromResult(condition()), what, seconds);

    /// <inheritdoc cref="HoldsAsync(Func{bool}, string, int)"/>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string what, int seconds)
    {
        for (var begun = Stopwatch.StartNew(); begun.Elapsed < TimeSpan.FromSeconds(seconds);)
        {
            if (await condition())
            {
                return;
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        throw new TimeoutException($"not within {seconds} s: {what}");
    }
}
