using ComfyServe.Hosting.Supervision;

namespace ComfyServe.Hosting.Tests.Supervision;

/// <summary>A program that does what a test says.</summary>
internal sealed class FakeProgram(int id, Action<ProgramLine> take) : IRunningProgram
{
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Id => id;

    public Task<int> Ended => _ended.Task;

    public long MemoryInUse { get; set; }

    /// <summary>Whether it heeds SIGTERM.</summary>
    public bool IsStubborn { get; set; }

    public int Terminations { get; private set; }

    public bool WasKilled { get; private set; }

    public void Output(string line) => take(new(line, IsOutput: true));

    public void Error(string line) => take(new(line, IsOutput: false));

    public void End(int exitCode) => _ended.TrySetResult(exitCode);

    public void Terminate()
    {
        Terminations++;
        if (!IsStubborn)
        {
            End(0);
        }
    }

    public void Kill()
    {
        WasKilled = true;
        End(137);
    }
}
