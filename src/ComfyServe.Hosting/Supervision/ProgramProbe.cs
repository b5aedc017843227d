namespace ComfyServe.Hosting.Supervision;

/// <summary>Finds out whether a program is well.</summary>
/// <param name="http">Asks it.</param>
/// <param name="time">The clock.</param>
public sealed class ProgramProbe(HttpClient http, TimeProvider time)
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan OneAnswer = TimeSpan.FromSeconds(5);

    /// <summary>Waits until the program is ready.</summary>
    /// <param name="program">The program.</param>
    /// <param name="readyLine">Ends when it has said so itself, where it does.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether it became ready within its time.</returns>
    public async Task<bool> BecomesReadyAsync(SupervisedProgram program, Task readyLine, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(program);
        using var limit = new CancellationTokenSource(program.StartLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            if (program.ReadyLine is not null)
            {
                await readyLine.WaitAsync(both.Token);
                return true;
            }

            using var timer = new PeriodicTimer(Often, time);
            while (!await AnswersAsync(program, both.Token))
            {
                await timer.WaitForNextTickAsync(both.Token);
            }

            return true;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Whether the program answers now; one that has nothing to ask is taken to be well.</summary>
    public async Task<bool> AnswersAsync(SupervisedProgram program, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(program);
        if (program.Probe is null)
        {
            return true;
        }

        using var limit = new CancellationTokenSource(OneAnswer, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var answer = await http.GetAsync(program.Probe, HttpCompletionOption.ResponseHeadersRead, both.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or IOException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
