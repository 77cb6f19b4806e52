"""What a workspace does with voices: list them, say what speaking would cost, and speak."""

import functools
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

from workbench.errors import NoCredentials
from workbench.library.journal import RUN_PREFIX
from workbench.workspace.analyses.analysis import AnalysisWork

if TYPE_CHECKING:
    from workbench.analysis.services.speaking import Speech, SpeechPlan
    from workbench.backends.services.polly import Voice


class VoiceWork(AnalysisWork):
    """Texts that are spoken by Amazon Polly."""

    def voices(self, language: str = "") -> tuple["Voice", ...]:
        """The voices of Amazon Polly in the region; costs nothing.

        Args:
            language: Code of a language, such as `en-GB` or `de`; empty for all.

        Raises:
            NoCredentials: None were found, or they have run out.
            BackendError: The service cannot be reached, or the account may not ask.
        """
        state = self.polly.readiness()
        if not state.is_ready:
            raise NoCredentials(state.finding.rstrip("."), hint=state.hint)
        return tuple(v for v in self.polly.voices() if not language or v.speaks(language))

    def plan_speech(
        self,
        text: str,
        voice: str,
        *,
        engine: str = "",
        language: str = "",
        with_marks: bool = True,
    ) -> "SpeechPlan":
        """List and price the calls that speak a text; nothing is paid.

        Args:
            text: Plain text of 1 to 100,000 characters.
            voice: Name of one of Polly's voices.
            engine: One that the voice has; empty for neural where it has it, else standard.
            language: One of the voice's other languages; empty for its own.
            with_marks: Are the times of words wanted? They are billed like the sound.

        Raises:
            RequestError: There is no such voice, or it cannot speak so.
            BackendError: The voices cannot be asked for.
        """
        from workbench.analysis.services.speaking import find_voice, plan_speech

        return plan_speech(
            text,
            find_voice(self.voices(), voice),
            self.catalog.get("polly"),
            self.cache,
            engine=engine,
            language=language,
            with_marks=with_marks,
        )

    def speak(
        self, plan: "SpeechPlan", *, job_id: str = "", cap_usd: Decimal | None = None
    ) -> "Speech":
        """Make the calls of a plan in this process, each paid once and written down.

        Args:
            plan: What to speak.
            job_id: The job that pays; without one, the run itself.
            cap_usd: The most it may cost.

        Raises:
            BackendError: The service did not speak; what was spoken before is kept.
            BudgetReached: It could cost more than what is left under the cap or of the budget.
            LibraryError: A reply could not be kept.
        """
        from workbench.analysis.services.speaking import speak

        run_id = job_id or f"{RUN_PREFIX}{uuid.uuid4().hex}"
        make = functools.partial(self.call, job_id=run_id)
        return speak(plan, self.catalog.get("polly"), self.cache, make, cap_usd=cap_usd)
